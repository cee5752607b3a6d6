"""What both ends of a measurement agree on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from asyncauth import ConnectionInfo, Target
from asyncauth.mechanisms import Negotiate

__all__ = [
    "HOST",
    "MESSAGE",
    "SPN",
    "BenchmarkError",
    "Family",
    "Pace",
    "Ready",
    "Tally",
    "Transfer",
    "check",
    "confirmed",
]

HOST = "127.0.0.1"
SPN = "ADSockAuth/app1.example.test"
MESSAGE = bytes(65_536)
"""What is written at a time to measure throughput."""


class BenchmarkError(Exception):
    """The benchmark could not be carried out, or what it measured was not what it was to measure."""


class Transfer(NamedTuple):
    """Data that the receiver has confirmed."""

    size: int
    """Bytes of plaintext."""
    seconds: float
    """From the first write to the confirmation."""


class Pace(NamedTuple):
    """How fast a loop went."""

    value: float
    """Handshakes, or megabytes (10^6 bytes) of plaintext, per second."""
    cpu: float
    """Microseconds of this process, user and system, per handshake or per message."""


class Tally:
    """What a server has seen."""

    def __init__(self) -> None:
        self.handshakes = 0
        self.failures: list[str] = []

    def established(self, info: ConnectionInfo) -> None:
        """Count a connection whose handshake is done."""
        try:
            check(info)
        except BenchmarkError as error:
            self.failures.append(str(error))
        self.handshakes += 1

    def refused(self, error: Exception, address: object) -> None:
        """Note a client that was refused; there should be none."""
        self.failures.append(f"refused {address}: {error}")


Ready = Callable[[int], None]
"""Called by a server with its port when it listens."""


class Family(Protocol):
    """One of asyncauth's layers, on whichever loop it is running.

    A server reads each connection to its end, and if there was any data answers with the number of bytes.
    """

    async def handshake(self, target: Target, mechanism: Negotiate) -> ConnectionInfo:
        """Connect, authenticate, close."""
        ...

    async def transfer(self, target: Target, mechanism: Negotiate, seconds: float) -> Transfer:
        """Write messages for so long, mark the end, wait for the receiver's confirmation."""
        ...

    async def serve(self, mechanism: Negotiate, tally: Tally, ready: Ready) -> None:
        """Serve until cancelled."""
        ...


def check(info: ConnectionInfo) -> None:
    """Nothing counts but a connection that is authenticated both ways by Kerberos, and sealed.

    :raises BenchmarkError: it is not
    """
    if not (info.mutual and info.encrypted and info.mechanism == "kerberos"):
        raise BenchmarkError(f"a handshake reached less than it should: {info}")


def confirmed(answer: bytes, size: int, start: float) -> Transfer:
    """The transfer that began at ``start``, by the performance counter, if the receiver says it got all of it.

    :raises BenchmarkError: it got something else
    """
    seconds = time.perf_counter() - start
    if answer != size.to_bytes(8, "big"):
        raise BenchmarkError(f"{size} bytes were sent, and the receiver confirms {answer.hex() or 'nothing'}")
    return Transfer(size, seconds)
