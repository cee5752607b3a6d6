"""What a client's name says beside the name (RFC 6680).

MIT Kerberos hangs the buffers of the ticket's PAC on the name that ``gss_accept_sec_context`` gives: as authenticated
if the checksum made with the service's key is right and the PAC was made for this client and this login. A ticket
whose PAC fails that is accepted all the same, as one without. So a PAC that is not authenticated is none here.

What a name hangs on takes two kilobytes for as long as the name is kept, a fifth of an idle connection. So the PAC is
copied out at once, which takes 3 microseconds; one attribute for each of its buffers would take as long each. Taking it
apart costs 30, a quarter of what a server can do for a handshake, for what most never ask: that is put off until
somebody does, in any thread.
"""

from __future__ import annotations

from functools import partial
from typing import NoReturn

from gssapi import raw

from ..._claims import Claims, LazyClaims
from ..._errors import MechanismError
from .._pac import Damaged, parse_pac

__all__ = ["claims_of"]

_PAC = b"urn:mspac:"


def claims_of(name: raw.Name, principal: str) -> LazyClaims:
    """The claims that hang on a client's name, which need not be kept for them.

    :param principal: its text, for errors
    """
    try:
        return LazyClaims(_Unread(_attribute(name, _PAC), principal))
    except raw.GSSError as error:
        return LazyClaims(partial(_refuse, principal, str(error)))


class _Unread:
    """A PAC that nobody has looked into yet, or None if there is none."""

    __slots__ = ("_pac", "_principal")

    def __init__(self, pac: bytes | None, principal: str) -> None:
        self._pac = pac
        self._principal = principal

    def __call__(self) -> Claims | None:
        if self._pac is None:
            return None
        try:
            return parse_pac(self._pac)
        except Damaged as error:
            raise _unreadable(self._principal, str(error)) from error


def _refuse(principal: str, why: str) -> NoReturn:
    raise _unreadable(principal, why)


def _attribute(name: raw.Name, attribute: bytes) -> bytes | None:
    """The value, None if there is none or if it is not authenticated."""
    try:
        found = raw.get_name_attribute(name, attribute)
    except (AttributeError, raw.OperationUnavailableError):  # the former: a library without RFC 6680
        return None
    values: list[bytes] = found.values
    return values[0] if found.authenticated and len(values) == 1 else None


def _unreadable(principal: str, why: str) -> MechanismError:
    return MechanismError(
        f"the PAC in the ticket of {principal} cannot be read: {why}",
        fix="find out who else has this service's key: a domain controller does not make such a PAC",
    )
