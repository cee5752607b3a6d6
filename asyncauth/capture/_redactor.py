"""Lines for what passes, without what is secret in it.

A byte is written down when it is known what it is: so the lines of a message come when the message is complete, and
what is left of one at the end is left out. That holds back as much as one message in each direction. Lines of the two
directions may change places by it; the seconds tell their order.
"""

from __future__ import annotations

from collections import deque

from ._format import CLIENT, CLOSED, OPENED, SERVER, line
from ._reading import Message, Reading, Wire

__all__ = ["Redactor"]


class _Held:
    def __init__(self) -> None:
        self.chunks: deque[tuple[float, bytes]] = deque()
        self.start = 0
        """Position of the first of them."""
        self.received = 0
        self.known = 0
        self.secrets: deque[tuple[int, int]] = deque()


class Redactor:
    """One connection.

    :param connection: its number in the file
    """

    def __init__(self, connection: str, wire: Wire) -> None:
        self._connection = connection
        self._reading = Reading(wire)
        self._held = {CLIENT: _Held(), SERVER: _Held()}

    def opened(self, time: str, address: str) -> str:
        """The line for its beginning.

        :param time: of day, UTC
        """
        return f"{OPENED}{self._connection} 0.000000 {time} {address}".rstrip() + "\n"

    def passed(self, sender: str, seconds: float, data: bytes) -> str:
        """The lines that can be written when these bytes have passed; ``data`` is empty for the end of the stream."""
        held = self._held[sender]
        if not data:
            self._know(held, self._reading.end(sender))
            return self._lines(sender, held) + line(sender, self._connection, seconds)
        held.chunks.append((seconds, data))
        held.received += len(data)
        self._know(held, self._reading.feed(sender, seconds, data))
        return self._lines(sender, held)

    def closed(self, seconds: float | None) -> str:
        """The last lines.

        :param seconds: when this side was done with the connection; None if it is not
        """
        lines = []
        for sender, held in self._held.items():
            self._know(held, self._reading.end(sender))
            lines.append(self._lines(sender, held))
        if seconds is not None:
            lines.append(line(CLOSED, self._connection, seconds))
        return "".join(lines)

    def _know(self, held: _Held, messages: list[Message]) -> None:
        for message in messages:
            held.secrets += message.secrets()
            held.known = message.position + message.size

    def _lines(self, sender: str, held: _Held) -> str:
        lines = []
        while held.chunks and held.start + len(held.chunks[0][1]) <= held.known:
            seconds, data = held.chunks.popleft()
            hidden = _within(held.secrets, held.start, held.start + len(data))
            held.start += len(data)
            lines.append(line(sender, self._connection, seconds, data, hidden))
        return "".join(lines)


def _within(secrets: deque[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The secrets of a chunk, as it counts; those that it ends are taken away."""
    found = []
    while secrets and secrets[0][0] < end:
        first, last = secrets[0]
        found.append((max(first, start) - start, min(last, end) - start))
        if last > end:
            break
        secrets.popleft()
    return found
