"""``--allow``: who may use the server of ``asyncauth serve``.

Names of groups are looked up in the directory when the server starts; so are, as they come, clients whose ticket says
nothing of groups, where ``--domain`` says which directory that is. The server asks with its own key, as the first
principal of ``--keytab``, or with the default credential.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from .._errors import InvalidName
from ..authorization import Allow, Authorizer, Decision, split_rule
from ._directory import open_directory

if TYPE_CHECKING:
    from .._types import ConnectionInfo
    from ..mechanisms import Kerberos

__all__ = ["TurnedAway", "allow_rule", "gate", "turned_away"]


class TurnedAway(NamedTuple):
    """A client that no rule fits."""

    peer: str | None
    reason: str


turned_away: ContextVar[TurnedAway | None] = ContextVar("turned_away", default=None)
"""Set in the task of a handshake that ends with the refusal of an authenticated client."""


def allow_rule(text: str) -> str:
    """One value of ``--allow``; wrong usage if it can fit nobody."""
    try:
        kind, value = split_rule(text)
        if kind == "sid":
            Allow(sids=(value,))
    except InvalidName as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


@asynccontextmanager
async def gate(arguments: argparse.Namespace) -> AsyncIterator[Authorizer | None]:
    """What decides about each client, and sets ``turned_away``. None without ``--allow``, which lets in everybody.

    :raises ServiceNotFound: a group that does not exist
    :raises DirectoryError: names of groups, and the directory cannot be asked or is not known
    """
    rules: list[str] = arguments.allow
    if not rules:
        yield None
    elif not _needs_directory(arguments):
        yield _remembering(Allow.of(rules))
    else:
        async with open_directory(arguments, _asker(arguments)) as directory:
            allow = Allow.of(rules, directory)
            await allow.prepare()
            yield _remembering(allow)


def _needs_directory(arguments: argparse.Namespace) -> bool:
    kinds = {split_rule(rule)[0] for rule in arguments.allow}
    return "group" in kinds or ("sid" in kinds and arguments.domain is not None)


def _asker(arguments: argparse.Namespace) -> Kerberos:
    from ..mechanisms import Kerberos, Keytab

    return Kerberos(Keytab(arguments.keytab) if arguments.keytab else None)


def _remembering(allow: Allow) -> Authorizer:
    async def ask(info: ConnectionInfo) -> Decision:
        decision = await allow(info)
        if not decision:
            turned_away.set(TurnedAway(None if info.peer is None else info.peer.name, decision.reason))
        return decision

    return ask
