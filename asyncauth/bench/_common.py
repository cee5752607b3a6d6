"""What both ends of a measurement agree on.

Both ends of every contestant, be it asyncauth, plain TCP, TLS or .NET, speak the same small language, so that what is
compared is the same work. The first byte that a client sends on a connection says what its server does with the data:
send it back (:data:`ECHO`), or count it until a piece ends in :data:`END` and answer with the number of bytes, eight
of them, the highest first. Nothing here needs a half-closed connection, which TLS and .NET have not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .._errors import AsyncAuthError

__all__ = [
    "ECHO", "END", "HOST", "LARGE", "SMALL", "SPN", "BenchmarkError", "Closing", "Counted", "Done", "Family", "Pace",
    "Ready", "Tally", "confirmed", "is_last", "last_of",
]  # fmt: skip

HOST = "127.0.0.1"
SPN = "ADSockAuth/localhost"
"""Two-part and on localhost, so that MIT's gss-client, which knows host-based names only, can ask for it."""

LARGE, SMALL = 65_536, 256
"""Bytes of a message: to measure throughput, and to measure round trips and small writes."""
ECHO, END = 1, 255
_CONFIRMATION = 8


class BenchmarkError(AsyncAuthError):
    """The benchmark could not be carried out, or what it measured was not what it was to measure."""


@dataclass(frozen=True)
class Done:
    """What a client has done."""

    count: int
    """Handshakes, messages or round trips."""
    seconds: float


class Pace(NamedTuple):
    """How fast a loop went."""

    value: float
    """In the measure's unit."""
    cpu: float
    """Microseconds of this process, user and system, per handshake, message or round trip."""


class Tally:
    """What a server has seen."""

    def __init__(self) -> None:
        self.handshakes = 0
        self.failures: list[str] = []
        self.hangs_up = False
        """When the client does, hang up without a word, too."""

    def refused(self, error: Exception, address: object) -> None:
        """Note a client that was refused; there should be none."""
        self.failures.append(f"refused {address}: {error}")

    def forgive(self) -> int:
        """Forget the failures; how many there were."""
        count = len(self.failures)
        del self.failures[:count]
        return count


Ready = Callable[[int], None]
"""Called by a server with its port when it listens."""


class Closing(Protocol):
    """An open connection that does nothing."""

    async def aclose(self) -> None: ...


class Family(Protocol):
    """The calls of one kind: streams, protocols or anyio, on whichever loop is running and over whichever wire."""

    async def handshake(self) -> None:
        """Connect, authenticate, and hang up without a word, which is all that every peer can do."""
        ...

    async def visit(self) -> None:
        """Connect, authenticate, and close as one should."""
        ...

    async def send(self, size: int, seconds: float) -> Done:
        """Write messages of so many bytes for so long, as fast as the connection takes them; the last byte confirmed.

        :raises BenchmarkError: the receiver has counted something else
        """
        ...

    async def send_and_receive(self, size: int, seconds: float) -> Done:
        """The same to a service that sends back what comes, reading at the same time."""
        ...

    async def echo(self, size: int, seconds: float) -> Done:
        """Messages there and back, one at a time."""
        ...

    async def hold(self) -> Closing:
        """An open connection."""
        ...

    async def serve(self, ready: Ready, port: int) -> None:
        """Serve until cancelled.

        :param port: 0 for any; another may be shared with other processes
        """
        ...


class Counted:
    """Counts messages that are sent for so many seconds."""

    def __init__(self, size: int, seconds: float) -> None:
        self.size = size
        self.count = 0
        self._start = time.perf_counter()
        self._until = self._start + seconds

    @property
    def going_on(self) -> bool:
        return time.perf_counter() < self._until

    @property
    def bytes(self) -> int:
        """Sent until now."""
        return self.count * self.size

    def done(self) -> Done:
        return Done(self.count, time.perf_counter() - self._start)


def last_of(message: bytes) -> bytes:
    """The message that says that it is the last one."""
    return message[:-1] + bytes([END])


def is_last(data: bytes) -> bool:
    """Whether a received piece is the end of the last message."""
    return data[-1] == END


def confirmed(answer: bytes, sent: int) -> bool:
    """Whether the receiver has confirmed all of it; False while its answer is not complete.

    :raises BenchmarkError: it got something else
    """
    if len(answer) < _CONFIRMATION:
        return False
    if answer != sent.to_bytes(_CONFIRMATION, "big"):
        raise BenchmarkError(f"{sent} bytes were sent, and the receiver confirms {int.from_bytes(answer)}")
    return True
