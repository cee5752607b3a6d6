"""Captured conversations as text: what passed between a client and a server, as it came out of the sockets.

The format is described in docs/dump.md. One file holds one connection or, from a server, many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .._errors import AsyncAuthError

__all__ = [
    "CLIENT",
    "CLOSED",
    "OPENED",
    "SERVER",
    "Chunk",
    "Dump",
    "MalformedDump",
    "Opened",
    "head_text",
    "line",
]

CLIENT, SERVER, OPENED, CLOSED = ">", "<", "+", "-"
_FIRST = "1"
"""The connection of a file that numbers none."""
_LINE = re.compile(r"([<>+-])(\d+(?:\.\d+)?)? (\d+(?:\.\d+)?)(?: (.*))?")
_RUN = re.compile(r"\[(\d{1,9})\]|((?:[0-9a-f]{2})+)", re.IGNORECASE)
_MOST_HIDDEN_BYTES = 1 << 26
"""Of one line: more is no dump of ours, and would take memory that its text does not."""


class MalformedDump(AsyncAuthError, ValueError):
    """A text that is no dump; the message names the line."""


class Chunk(NamedTuple):
    """Bytes as they came out of a socket."""

    connection: str
    sender: str
    """``>`` the client, ``<`` the server."""
    seconds: float
    """Since the connection was made."""
    data: bytes
    """Empty for the end of the byte stream; zeros where bytes were left out."""
    hidden: tuple[tuple[int, int], ...] = ()
    """Start and end of what was left out."""


class Opened(NamedTuple):
    """How a connection began."""

    time: str
    """Of day, UTC, as the file has it."""
    address: str
    """The other end's; empty if it was not known."""


@dataclass
class Dump:
    """A file's contents.

    :param head: keys and values in order; a key may come again
    :param chunks: in order of time within each connection
    """

    head: list[tuple[str, str]] = field(default_factory=list)
    opened: dict[str, Opened] = field(default_factory=dict)
    chunks: dict[str, list[Chunk]] = field(default_factory=dict)
    closed: dict[str, float] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        """The first value of a key of the head."""
        return next((value for name, value in self.head if name == key), None)

    @classmethod
    def parse(cls, text: str) -> Dump:
        """Read a file's text.

        :raises MalformedDump: a line that is none; ``code`` is its number
        """
        dump, in_head = cls(), True
        for number, content in enumerate(text.splitlines(), 1):
            if in_head and content:
                dump.head.append(_key_and_value(number, content))
            elif content and not content.startswith("#"):
                dump._add(number, content)
            in_head = in_head and bool(content)
        if in_head:
            raise _malformed(1, "there is no empty line after the head")
        for chunks in dump.chunks.values():
            chunks.sort(key=lambda chunk: chunk.seconds)
        return dump

    def _add(self, number: int, content: str) -> None:
        found = _LINE.fullmatch(content)
        if found is None:
            raise _malformed(number, "it does not begin with a sign and seconds")
        sign, connection, seconds, rest = found[1], found[2] or _FIRST, float(found[3]), found[4] or ""
        if sign == OPENED:
            self.opened[connection] = Opened(*rest.partition(" ")[::2])
            self.chunks.setdefault(connection, [])
        elif sign == CLOSED:
            self.closed[connection] = seconds
        else:
            data, hidden = _bytes(number, rest)
            self.chunks.setdefault(connection, []).append(Chunk(connection, sign, seconds, data, hidden))


def head_text(head: Iterable[tuple[str, str]]) -> str:
    """The lines of a head, the empty one after it included."""
    return "".join(f"{key}: {' '.join(value.splitlines())}\n" for key, value in head) + "\n"


def line(
    sign: str, connection: str, seconds: float, data: bytes = b"", hidden: Sequence[tuple[int, int]] = ()
) -> str:
    """A line for a chunk, ended.

    :param hidden: start and end of the bytes to leave out, in order and apart
    """
    shown, at = [], 0
    for start, end in hidden:
        shown += [data[at:start].hex(), f"[{end - start}]"]
        at = end
    return f"{sign}{connection} {seconds:.6f} {''.join(shown)}{data[at:].hex()}".rstrip() + "\n"


def _key_and_value(number: int, content: str) -> tuple[str, str]:
    key, colon, value = content.partition(":")
    if not colon or not key or " " in key:
        raise _malformed(number, "it is no 'key: value' of the head")
    return key, value.strip()


def _bytes(number: int, text: str) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    data, hidden, at = bytearray(), [], 0
    while at < len(text):
        run = _RUN.match(text, at)
        if run is None:
            raise _malformed(
                number, f"{text[at : at + 10]!r} is neither hexadecimal nor a number in brackets"
            )
        if run[1]:
            hidden.append((len(data), len(data) + int(run[1])))
        if len(data) + int(run[1] or 0) > _MOST_HIDDEN_BYTES:
            raise _malformed(number, "it leaves out more than can be")
        data += bytes(int(run[1])) if run[1] else bytes.fromhex(run[2])
        at = run.end()
    return bytes(data), tuple(hidden)


def _malformed(number: int, what: str) -> MalformedDump:
    return MalformedDump(
        f"line {number} is no line of a dump: {what}",
        fix="give a file that --dump has written; docs/dump.md describes it",
    )
