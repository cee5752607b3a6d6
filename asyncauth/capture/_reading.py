"""From the bytes of a connection to its messages, as they come.

A :class:`Wire` knows one framing and cuts one message at a time. Bytes that it cannot read make all that follows in
their direction unreadable, because where the next message begins is not known any more; they are secret then, as
whatever is not known to be public.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from ..tokens import MalformedToken, Part, Token, describe

__all__ = ["Cut", "Message", "Reading", "Wire", "body", "unreadable"]


class Cut(NamedTuple):
    """A message at the beginning of some bytes."""

    size: int
    title: str
    parts: tuple[Part, ...]
    token: Token | None = None
    lost: bool = False
    """What comes after it in its direction cannot be read."""
    framing: Mapping[str, Any] = MappingProxyType({})
    """What the framing's header says, by the names of docs/dump.md."""


class Wire(Protocol):
    """One connection's framing, with what it has to remember of the conversation."""

    def cut(self, sender: str, data: bytes, ended: bool, /) -> Cut | None:
        """The message that ``data`` begins with; None if that takes more bytes.

        :param ended: no more will come
        """
        ...


@dataclass(frozen=True)
class Message:
    """One message of either side.

    :param position: of its first byte in what its sender has sent
    :param seconds: when that came
    :param title: what the framing calls it
    :param parts: what its bytes are; offsets count from its own beginning
    :param token: the security token in it, if it has one that can be read
    :param framing: what the framing's header says, by the names of docs/dump.md
    """

    sender: str
    position: int
    seconds: float
    size: int
    title: str
    parts: tuple[Part, ...]
    token: Token | None
    framing: Mapping[str, Any]

    def secrets(self) -> Iterator[tuple[int, int]]:
        """Start and end of what is secret, in what its sender has sent; in order and apart."""
        last = 0
        for part in sorted(part for part in self.parts if part.secret):
            start, last_end = max(part.offset, last), part.offset + part.size
            if last_end > start:
                yield self.position + start, self.position + last_end
            last = max(last, last_end)


class _Direction:
    def __init__(self) -> None:
        self.buffer = bytearray()
        self.position = 0
        self.times: list[tuple[int, float]] = []
        self.hidden: list[tuple[int, int]] = []
        self.lost = False

    def add(self, seconds: float, data: bytes, hidden: Sequence[tuple[int, int]]) -> None:
        end = self.position + len(self.buffer)
        self.times.append((end, seconds))
        self.hidden += ((end + start, end + last) for start, last in hidden)
        self.buffer += data

    def take(self, size: int) -> tuple[int, float]:
        """Position and time of the bytes that are taken away."""
        start = self.position
        while len(self.times) > 1 and self.times[1][0] <= start:
            del self.times[0]
        self.position += size
        del self.buffer[:size]
        while self.hidden and self.hidden[0][1] <= self.position:
            del self.hidden[0]
        return start, self.times[0][1]

    def hidden_here(self) -> int:
        """How many bytes from here on were left out of the file."""
        if not self.hidden or self.hidden[0][0] > self.position:
            return 0
        return min(self.hidden[0][1] - self.position, len(self.buffer))


class Reading:
    """Both directions of one connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._directions = {">": _Direction(), "<": _Direction()}

    def feed(
        self, sender: str, seconds: float, data: bytes, hidden: Sequence[tuple[int, int]] = ()
    ) -> list[Message]:
        """The messages that are complete with these bytes.

        :param hidden: start and end of bytes that are not known
        """
        self._directions[sender].add(seconds, data, hidden)
        return list(self._messages(sender, ended=False))

    def end(self, sender: str) -> list[Message]:
        """What is left when no more will come."""
        return list(self._messages(sender, ended=True))

    def _messages(self, sender: str, *, ended: bool) -> Iterator[Message]:
        direction = self._directions[sender]
        while direction.buffer:
            cut = self._cut(sender, direction, ended=ended)
            if cut is None:
                return
            direction.lost = direction.lost or cut.lost
            start, seconds = direction.take(cut.size)
            yield Message(sender, start, seconds, cut.size, cut.title, cut.parts, cut.token, cut.framing)

    def _cut(self, sender: str, direction: _Direction, *, ended: bool) -> Cut | None:
        data = bytes(direction.buffer)
        if hidden := direction.hidden_here():
            return unreadable(hidden, "left out of the dump")
        if direction.lost:
            return unreadable(len(data))
        cut = self._wire.cut(sender, data, ended)
        return unreadable(len(data), "message that was cut off") if cut is None and ended else cut


def unreadable(size: int, title: str = "bytes that cannot be read") -> Cut:
    """Bytes of which nothing is known."""
    return Cut(size, title, (Part(0, size, title, secret=True),), lost=True)


def body(data: bytes, start: int, end: int, *kinds: type) -> tuple[Token | None, tuple[Part, ...]]:
    """The token that fills part of a message.

    :param kinds: what may be there; whatever else is secret and has no token
    """
    if start == end:
        return None, (Part(start, 0, "no token"),)
    try:
        token, parts = describe(data[start:end])
    except MalformedToken:
        return None, (Part(start, end - start, "not a token that can be read", secret=True),)
    if kinds and not isinstance(token, kinds):
        return None, (Part(start, end - start, "not what belongs there", secret=True),)
    return token, tuple(part._replace(offset=part.offset + start) for part in parts)
