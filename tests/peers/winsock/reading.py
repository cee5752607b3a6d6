"""Reads a conversation of the SSPI sockets sample, from its documentation alone; shares no code with asyncauth.

Sources: those of ``sample.py``; RFC 4121 4.2.6.2 for the message. The handshake goes client, server and so on, a token
behind its length; what the server sends after its last token is the one message, up to the end of the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...vectors.capture import Chunk
from ..dotnet.reading import Field, _flags, _token

__all__ = ["Frame", "comments", "frames"]


@dataclass
class Frame:
    """A token with its length, or the message."""

    sender: str
    data: bytes
    is_token: bool
    fields: list[Field] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return self.data[4:]


def frames(chunks: Iterable[Chunk]) -> list[Frame]:
    """What the client said, then what the server said."""
    said = {">": b"", "<": b""}
    for chunk in chunks:
        said[chunk.sender] += chunk.data
    return [frame for sender, data in said.items() for frame in _frames(sender, data)]


def comments(chunks: Iterable[Chunk]) -> Iterator[tuple[str, int, list[str]]]:
    """For each frame its sender, where it begins in what that has sent, and a line for each field."""
    position = dict.fromkeys("><", 0)
    for frame in frames(chunks):
        lines = [f"{part.offset:>6} {part.size:>6}  {part.text}" for part in frame.fields]
        title = f"{'token' if frame.is_token else 'message'} of {len(frame.data)} bytes: offset, size, field"
        yield frame.sender, position[frame.sender], [title, *lines]
        position[frame.sender] += len(frame.data)


def _frames(sender: str, data: bytes) -> Iterator[Frame]:
    while data[4:5] == b"\x60":
        size = 4 + int.from_bytes(data[:4], "little")
        head = Field(0, 4, f"length {size - 4}, least significant byte first")
        yield Frame(sender, data[:size], True, [head, *_token(data[:size], 4)])
        data = data[size:]
    if data:
        yield Frame(sender, data, False, list(_message(data)))


def _message(data: bytes) -> Iterator[Field]:
    trailer = int.from_bytes(data[:4], "little")
    yield Field(0, 4, f"length of the trailer {trailer}, least significant byte first")
    yield Field(4, trailer, "trailer:")
    yield Field(4, 2, "token type 05 04, Wrap")
    yield Field(6, 1, f"flags 0x{data[6]:02x}: {_flags(data[6])}")
    yield Field(7, 1, "filler")
    yield Field(8, 2, f"EC {int.from_bytes(data[8:10], 'big')}")
    yield Field(10, 2, f"RRC {int.from_bytes(data[10:12], 'big')}")
    yield Field(12, 8, f"sequence number {int.from_bytes(data[12:20], 'big')}")
    yield Field(20, len(data) - 20, "encrypted data")
    yield Field(4 + trailer, len(data) - 4 - trailer, "ciphertext of the data")
