"""Captured conversations as text files: what passed between two programs, as it came out of the sockets.

First lines of ``key: value``; a key may come again. After an empty line each chunk of bytes is a line of its own::

    > 0.001234 1601000596...

the sender, ``>`` the client or ``<`` the server; seconds since the connection was made; the bytes, none for the end of
the sender's byte stream. Lines that begin with ``#`` are for people: the fields of the message that begins in the chunk
below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Capture", "Chunk"]


class Chunk(NamedTuple):
    """Bytes as they came out of a socket."""

    sender: str
    """``>`` the client, ``<`` the server."""
    seconds: float
    """Since the connection was made."""
    data: bytes
    """Empty for the end of the byte stream."""


@dataclass(frozen=True)
class Capture:
    """A conversation.

    :param head: keys and values in order
    """

    head: tuple[tuple[str, str], ...]
    chunks: tuple[Chunk, ...]

    def __getitem__(self, key: str) -> str:
        """The first value of that key."""
        return next(value for name, value in self.head if name == key)

    def sent(self, sender: str) -> bytes:
        """All that one side sent."""
        return b"".join(chunk.data for chunk in self.chunks if chunk.sender == sender)

    @classmethod
    def parse(cls, text: str) -> Capture:
        head, _, body = text.partition("\n\n")
        lines = [line for line in body.splitlines() if not line.startswith("#")]
        return cls(tuple(_key_and_value(line) for line in head.splitlines()), tuple(map(_chunk, lines)))

    def render(self, comments: Iterable[tuple[str, int, list[str]]]) -> str:
        """The file's text.

        :param comments: sender, position in what it sent, and the lines to say about what begins there
        """
        waiting: dict[str, list[tuple[int, list[str]]]] = {">": [], "<": []}
        for sender, at, lines in comments:
            waiting[sender].append((at, lines))
        position = dict.fromkeys("><", 0)
        text = [f"{key}: {value}" for key, value in self.head] + [""]
        for sender, seconds, data in self.chunks:
            position[sender] += len(data)
            while waiting[sender] and waiting[sender][0][0] < position[sender]:
                text += [f"# {line}" for line in waiting[sender].pop(0)[1]]
            text.append(f"{sender} {seconds:.6f} {data.hex()}".rstrip())
        return "\n".join(text) + "\n"


def _key_and_value(line: str) -> tuple[str, str]:
    key, _, value = line.partition(": ")
    return key, value


def _chunk(line: str) -> Chunk:
    sender, seconds, *data = line.split()
    return Chunk(sender, float(seconds), bytes.fromhex("".join(data)))
