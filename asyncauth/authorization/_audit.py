"""The audit event: one line for each decision, on the logger ``asyncauth.audit``.

Names come from whoever has an account in some realm. So that nobody can write lines into the log by being called like
one, what is not printable is escaped in the line and in the fields alike, and a value that is not one plain word is
quoted. Nothing secret is known here: no token, no key.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .._errors import AsyncAuthError
from ._decision import Authorizer, Decision, decide

if TYPE_CHECKING:
    from .._types import ConnectionInfo, Peer

__all__ = ["audit", "audited"]

_log = logging.getLogger("asyncauth.audit")

_PLAIN = re.compile(r"[^\s\"'=\\]+")


def audit(info: ConnectionInfo, decision: Decision) -> None:
    """Log a decision: INFO if the client is allowed, WARNING if it is refused.

    The record has the fields ``decision`` (``allowed`` or ``refused``), ``peer``, ``realm``, ``sid``, ``authzid``,
    ``mechanism``, ``protection``, ``target``, ``framing``, ``address``, ``rule`` and ``reason``, each a text or None;
    the message holds them as ``name=value`` without those that are None. The SID is read from the ticket only where
    the line is really logged. Never raises.
    """
    level = logging.INFO if decision else logging.WARNING
    if not _log.isEnabledFor(level):
        return
    values = {
        name: None if value is None else _escaped(str(value))
        for name, value in _fields(info, decision).items()
    }
    line = " ".join(f"{name}={_word(value)}" for name, value in values.items() if value is not None)
    _log.log(level, "%s", line, extra=values)


def audited(authorize: Authorizer) -> Callable[[ConnectionInfo], Awaitable[Decision]]:
    """The same callback, its answers made decisions by :func:`~asyncauth.authorization.decide`, each one logged."""

    async def decided(info: ConnectionInfo) -> Decision:
        decision = await decide(authorize, info)
        audit(info, decision)
        return decision

    return decided


def _fields(info: ConnectionInfo, decision: Decision) -> dict[str, object]:
    peer = info.peer
    return {
        "decision": "allowed" if decision else "refused",
        "peer": None if peer is None else peer.name,
        "realm": None if peer is None else peer.realm or None,
        "sid": None if peer is None else _sid(peer),
        "authzid": info.authzid or None,
        "mechanism": info.mechanism,
        "protection": info.protection.name.lower(),
        "target": info.target,
        "framing": info.framing,
        "address": info.address,
        "rule": decision.rule,
        "reason": decision.reason,
    }


def _sid(peer: Peer) -> str | None:
    try:
        return None if peer.sid is None else str(peer.sid)
    except AsyncAuthError:  # a PAC that cannot be read; the reason says so where it mattered
        return None


def _escaped(text: str) -> str:
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _word(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
