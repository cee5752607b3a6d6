"""Reads what went over the wire, from gss-sample's own description alone; shares no code with asyncauth.

Source: MIT krb5, src/appl/gss-sample, gss-misc.c and gss-misc.h; RFC 4121 4.2 for messages and signatures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...vectors.capture import Chunk
from ..dotnet.reading import Field, _flags, _token

__all__ = ["Frame", "comments", "frames"]

FLAGS = {
    0x01: "NOOP", 0x02: "CONTEXT", 0x04: "DATA", 0x08: "MIC",
    0x10: "CONTEXT_NEXT", 0x20: "WRAPPED", 0x40: "ENCRYPTED", 0x80: "SEND_MIC",
}  # fmt: skip


@dataclass
class Frame:
    """One frame of either side.

    :param flags: None in version 1
    """

    sender: str
    data: bytes
    flags: int | None
    body: bytes
    fields: list[Field] = field(default_factory=list)

    @property
    def is_token(self) -> bool:
        """Whether it carries a token of the handshake."""
        return self.body[:1] in (b"\x60", b"\xa1") if self.flags is None else self.flags == 0x02

    @property
    def is_message(self) -> bool:
        """Whether it carries the client's data."""
        if self.flags is None:
            return self.sender == ">" and not self.is_token
        return bool(self.flags & 0x04)

    @property
    def is_signature(self) -> bool:
        if self.flags is None:
            return self.sender == "<" and not self.is_token
        return self.flags == 0x08

    @property
    def wrapped(self) -> bool:
        return self.body[:2] == b"\x05\x04"


def frames(chunks: Iterable[Chunk], version: int) -> list[Frame]:
    """What both sides said: the client's frames, then the server's."""
    said = {">": b"", "<": b""}
    for chunk in chunks:
        said[chunk.sender] += chunk.data
    return [frame for sender, data in said.items() for frame in _frames(sender, data, version)]


def comments(chunks: Iterable[Chunk], version: int) -> Iterator[tuple[str, int, list[str]]]:
    """For each frame its sender, where it begins in what that has sent, and a line for each field."""
    position = dict.fromkeys("><", 0)
    for frame in frames(chunks, version):
        lines = [f"{part.offset:>6} {part.size:>6}  {part.text}" for part in frame.fields]
        title = f"frame of {len(frame.data)} bytes: offset, size, field"
        yield frame.sender, position[frame.sender], [title, *lines]
        position[frame.sender] += len(frame.data)


def _frames(sender: str, data: bytes, version: int) -> Iterator[Frame]:
    head = 5 if version == 2 else 4
    while data:
        size = head + int.from_bytes(data[head - 4 : head], "big")
        whole, data = data[:size], data[size:]
        frame = Frame(sender, whole, whole[0] if version == 2 else None, whole[head:])
        if frame.flags is not None:
            names = [name for bit, name in FLAGS.items() if frame.flags & bit]
            frame.fields.append(Field(0, 1, f"flags 0x{frame.flags:02x}: {', '.join(names)}"))
        frame.fields.append(Field(head - 4, 4, f"length {len(frame.body)}, most significant byte first"))
        frame.fields += _body(frame, head)
        yield frame


def _body(frame: Frame, head: int) -> Iterator[Field]:
    body = frame.body
    if frame.is_token:
        yield from _token(frame.data, head)
    elif frame.wrapped:
        yield Field(head, 2, "token type 05 04, Wrap")
        yield Field(head + 2, 1, f"flags 0x{body[2]:02x}: {_flags(body[2])}")
        yield Field(head + 3, 1, "filler")
        yield Field(head + 4, 2, f"EC {int.from_bytes(body[4:6], 'big')}")
        yield Field(head + 6, 2, f"RRC {int.from_bytes(body[6:8], 'big')}")
        yield Field(head + 8, 8, f"sequence number {int.from_bytes(body[8:16], 'big')}")
        yield Field(head + 16, len(body) - 16, "encrypted data" if body[2] & 2 else "plaintext and checksum")
    elif body[:2] == b"\x04\x04":
        yield Field(head, 2, "token type 04 04, MIC")
        yield Field(head + 2, 1, f"flags 0x{body[2]:02x}: {_flags(body[2])}")
        yield Field(head + 3, 5, "filler")
        yield Field(head + 8, 8, f"sequence number {int.from_bytes(body[8:16], 'big')}")
        yield Field(head + 16, len(body) - 16, "checksum of the message's plaintext and these 16 bytes")
    elif body:
        yield Field(head, len(body), "data as it is")
