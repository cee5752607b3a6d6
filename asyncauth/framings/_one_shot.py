"""The one encrypted message of Microsoft's SSPI sockets sample.

Source: Win32 SecAuthN, "Using SSPI with a Windows Sockets Client" and "... Server". After the handshake the server
encrypts one message, sends it without any outer length, and closes; the client reads until then, 2,048 bytes at
most. A DWORD says how long the security trailer is, then come the trailer and, as long as the plaintext, the
ciphertext: the two buffers that EncryptMessage fills and DecryptMessage takes, SECBUFFER_TOKEN and SECBUFFER_DATA.

A Wrap token of RFC 4121 holds the same bytes in another order: the ciphertext is cut out of its middle and what
came after it goes to the front. That is a rotation (4.2.5), its count is a field that any receiver undoes, so
``trailer || ciphertext`` is a Wrap token too and nothing but gss_wrap and gss_unwrap is needed. NTLM's tokens have
the trailer in front already.

That there is exactly one message makes its end a protected one: what is cut off anywhere cannot be opened, and
nothing may follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import IntegrityError, LocalProtocolError
from .._types import Protection, Role
from ..abc import Reading
from ._script import check_sealed, exchange, receive_token
from ._winsock import HANDSHAKE, claims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..abc import Frame, Guard, Script

__all__ = ["WinsockOneShot"]

_LIMIT = 2_048
_SIZE_BYTES = 4
_OVERHEAD = 72
"""The longest trailer, as of a Wrap with AES256-SHA384."""

_WRAP = b"\x05\x04"
_HEADER_BYTES = _CONFOUNDER_BYTES = 16


class _UntilTheEnd:
    """A message without a header: it ends where the stream ends."""

    __slots__ = ()
    size = 0
    limit = _LIMIT

    def parse(self, _: bytes, /) -> tuple[int, int]:
        return 0, self.limit

    def build(self, _: int, __: int, /) -> bytes:
        return b""


class WinsockOneShot:
    """The SSPI sockets sample to the letter: its handshake, then one sealed message at most in each direction, of
    1,972 bytes at most, which ends with the connection.

    The message is always sealed; less cannot be agreed on. A second ``send`` raises LocalProtocolError, and
    longer data does so before anything of it is sent. What the peer sends can be had when it has closed.
    """

    name = "winsock-one-shot"
    handshake = HANDSHAKE
    message = _UntilTheEnd()
    max_plaintext = _LIMIT - _SIZE_BYTES - _OVERHEAD
    marks_end = False

    def initiate(self) -> Script:
        return exchange(None, checking=check_sealed)

    def accept(self) -> Script:
        token = yield from receive_token(0)
        yield from exchange(token, checking=check_sealed)

    def claims(self, start: bytes, /) -> bool | None:
        return claims(start)

    def converse(self, guard: Guard, _: Role, /) -> _OneMessage:
        return _OneMessage(guard)

    def __repr__(self) -> str:
        return "WinsockOneShot()"


class _OneMessage:
    __slots__ = ("_guard", "_sent")
    unanswered = 0

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._sent = False

    def send(self, pieces: Sequence[bytes], /) -> bytes:
        if self._sent or len(pieces) > 1:
            raise LocalProtocolError(
                f"this form has one message a connection, of {WinsockOneShot.max_plaintext} bytes at most",
                fix="use the framing Winsock for sessions of many messages",
            )
        if not pieces:
            return b""
        self._sent = True
        size, token = _trailer_first(self._guard.protect(pieces[0]), len(pieces[0]))
        return size.to_bytes(_SIZE_BYTES, "little") + token

    def send_end(self) -> bytes:
        return b""

    def receive(self, frame: Frame, /) -> Reading:
        body = frame.body
        trailer = int.from_bytes(body[:_SIZE_BYTES], "little")
        data = self._guard.open(body[_SIZE_BYTES:], Protection.SEAL)
        if trailer != len(body) - _SIZE_BYTES - len(data):
            raise IntegrityError(
                "the size of the trailer in a message from the peer does not fit the message"
            )
        return Reading(data, end=True, marked=True)


def _trailer_first(token: bytes, length: int) -> tuple[int, bytes]:
    """A sealed message with its ``length`` bytes of ciphertext last, and the size of what comes before them."""
    trailer = len(token) - length
    if not token.startswith(_WRAP):
        return trailer, token
    header, body = token[:_HEADER_BYTES], token[_HEADER_BYTES:]
    count = trailer - _HEADER_BYTES - _CONFOUNDER_BYTES
    turn = len(body) - (count - int.from_bytes(header[6:8], "big")) % len(body)
    return trailer, header[:6] + count.to_bytes(2, "big") + header[8:] + body[turn:] + body[:turn]
