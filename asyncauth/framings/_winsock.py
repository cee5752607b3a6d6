"""The framing of Microsoft's SSPI sockets sample.

Source: Win32 SecAuthN, "Using SSPI with a Windows Sockets Client" and "... Server". A token travels behind its
length, four bytes in the order of a little-endian machine. A token of no bytes is not sent at all, so the last
leg of a Kerberos client, which consumes the AP-REP and has no answer, puts nothing on the wire; and there is no
message for errors, the side that fails closes. The sample sends each protected message without any length and
ends it by closing; for sessions of many messages we put the same four bytes before each GSS Wrap token. The
sample's own form is :class:`WinsockOneShot`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._headers import LengthHeader, TokenHeader
from ._script import exchange, receive_token
from ._tokens import NTLM, begins_token

if TYPE_CHECKING:
    from ..abc import Script

__all__ = ["HANDSHAKE", "Winsock", "claims"]

_LIMIT = 65_536
_OVERHEAD = 72
"""The most that sealing adds: Wrap with AES256-SHA384 (RFC 4121, RFC 8009)."""

HANDSHAKE = TokenHeader("the SSPI sockets sample's framing", "little", _LIMIT)


class Winsock:
    """DWORD length, then the token; sealed messages the same way."""

    name = "winsock"
    handshake = HANDSHAKE
    message = LengthHeader("little", _LIMIT)
    max_plaintext = _LIMIT - _OVERHEAD
    marks_end = True

    def initiate(self) -> Script:
        return exchange(None)

    def accept(self) -> Script:
        token = yield from receive_token(0)
        yield from exchange(token)

    def claims(self, start: bytes, /) -> bool | None:
        return claims(start)

    def __repr__(self) -> str:
        return "Winsock()"


def claims(start: bytes) -> bool | None:
    """Whether a client that begins like this speaks the sample's framing."""
    length = int.from_bytes(start[:4], "little")
    if len(start) < HANDSHAKE.size:
        return None
    return length <= _LIMIT and begins_token(start[4:], length, NTLM)
