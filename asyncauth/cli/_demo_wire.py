"""What really goes over the wire, for the demo to show: a stream that keeps a copy of all bytes, and how to read them.

Of a token only the beginning is ever shown, which says what it is: its tag, its length and the mechanism's OID. What
comes after is what an eavesdropper could try to crack at leisure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio.abc import ByteStream

if TYPE_CHECKING:
    from ..abc import Framing, Header

__all__ = ["Recorder", "hexed", "messages", "tokens"]

_KINDS = {0x14: "HandshakeDone", 0x15: "HandshakeError", 0x16: "HandshakeInProgress"}
"""MS-NNS 2.2.1; other framings have but one kind."""
_OIDS = {
    bytes.fromhex("06062b0601050502"): "SPNEGO NegTokenInit",
    bytes.fromhex("06092a864886f712010202"): "Kerberos token",
}
_INITIAL, _RESPONSE = 0x60, 0xA1
_LONG = 0x80


class Token(NamedTuple):
    """One handshake frame."""

    frame: str
    """What the framing calls it."""
    size: int
    """Bytes of the token."""
    what: str
    head: bytes
    """The harmless beginning."""

    def __str__(self) -> str:
        return f"{self.frame}, {self.size} bytes, {self.what}: {hexed(self.head)} ..."


class Recorder(ByteStream):
    """A stream that remembers what passes through it.

    :param inner: the stream beneath
    """

    def __init__(self, inner: ByteStream) -> None:
        self._inner = inner
        self.sent = bytearray()
        self.received = bytearray()

    async def send(self, item: bytes) -> None:
        self.sent += item
        await self._inner.send(item)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        data = await self._inner.receive(max_bytes)
        self.received += data
        return data

    async def send_eof(self) -> None:
        await self._inner.send_eof()

    async def aclose(self) -> None:
        await self._inner.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._inner.extra_attributes

    def forget(self) -> None:
        """Begin anew."""
        self.sent.clear()
        self.received.clear()


def tokens(framing: Framing, data: bytes) -> list[str]:
    """The frames of a handshake, and what each carries."""
    header = framing.handshake
    frames = _cut(header, data)
    return [str(_token(header.parse(frame[: header.size])[0], frame[header.size :])) for frame in frames]


def messages(framing: Framing, data: bytes) -> list[bytes]:
    """The frames of what came after the handshake, headers included."""
    return _cut(framing.message, data)


def _cut(header: Header, data: bytes) -> list[bytes]:
    frames = []
    while data:
        end = header.size + header.parse(data[: header.size])[1]
        frames.append(data[:end])
        data = data[end:]
    return frames


def _token(kind: int, body: bytes) -> Token:
    what, head = _beginning(body)
    return Token(_KINDS.get(kind & 0xFF, "DWORD length, token"), len(body), what, head)


def _beginning(token: bytes) -> tuple[str, bytes]:
    """What a token says it is, and the bytes that say so (RFC 2743 3.1, RFC 4178 4.2)."""
    if len(token) < 2:  # noqa: PLR2004 - a tag and a length
        return "no token", b""
    start = 2 + (token[1] - _LONG if token[1] > _LONG else 0)
    if token[0] == _INITIAL:
        for oid, name in _OIDS.items():
            if token.startswith(oid, start):
                return name, token[: start + len(oid)]
    if token[0] == _RESPONSE:
        return "SPNEGO NegTokenResp", token[:start]
    return "other", token[:1]


def hexed(data: bytes, most: int = 0) -> str:
    """Bytes in hexadecimal, ``60 82 05``; with ``most`` only that many, and how many there are."""
    if most and len(data) > most:
        return f"{data[:most].hex(' ')} ... ({len(data)} bytes)"
    return data.hex(" ")
