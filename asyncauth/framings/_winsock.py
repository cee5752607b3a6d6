"""The framing of Microsoft's SSPI sockets sample.

Source: Win32 SecAuthN, "Using SSPI with a Windows Sockets Client" and "... Server". A token travels behind its
length, four bytes in the order of a little-endian machine. A token of no bytes is not sent at all, so the last
leg of a Kerberos client, which consumes the AP-REP and has no answer, puts nothing on the wire; and there is no
message for errors, the side that fails closes. The sample sends each protected message without any length and
ends it by closing; for sessions of many messages we put the same four bytes before each GSS Wrap token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import MechanismError
from ..abc import Check, Send
from ._headers import LengthHeader
from ._script import receive, step

if TYPE_CHECKING:
    from ..abc import Script

__all__ = ["Winsock"]

_LIMIT = 65_536
_OVERHEAD = 72
"""The most that sealing adds: Wrap with AES256-SHA384 (RFC 4121, RFC 8009)."""


class Winsock:
    """DWORD length, then the token; sealed messages the same way."""

    name = "winsock"
    handshake = LengthHeader("little", _LIMIT)
    message = LengthHeader("little", _LIMIT)
    max_plaintext = _LIMIT - _OVERHEAD

    def initiate(self) -> Script:
        return _exchange(None)

    def accept(self) -> Script:
        frame = yield from receive()
        yield from _exchange(frame.body)

    def __repr__(self) -> str:
        return "Winsock()"


def _exchange(token: bytes | None) -> Script:
    while True:
        try:
            result = yield from step(token)
        except MechanismError as error:
            if error.token:
                yield Send(0, error.token)
            raise
        if result.complete:
            yield Check()
        if result.token:
            yield Send(0, result.token)
        if result.complete:
            return
        frame = yield from receive()
        token = frame.body
