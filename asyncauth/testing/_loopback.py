"""A loopback address of a realm's own, so that several realms run side by side on their usual ports.

On Linux every address of 127.0.0.0/8 is there without being configured. A realm takes one at random and
reserves it by binding, without listening, one port that nothing uses: the kernel refuses that to everybody
else on the address, in whichever process or container of the same network namespace, and lets go of it when
the last process that holds the socket ends. A lock file would have neither property.
"""

from __future__ import annotations

import errno
import random
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from .._errors import MechanismUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Reservation", "free", "reserve"]

GUARD = 47_088
"""The port whose binding is the reservation."""
ATTEMPTS = 40


@dataclass(frozen=True, slots=True)
class Reservation:
    """An address that is ours for as long as the socket, or a copy of it in another process, is open."""

    address: str
    guard: socket.socket

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it here; a process that has been given the socket still holds it."""
        self.guard.close()


def reserve(ports: Iterable[int]) -> Reservation:
    """Reserve a loopback address on which these ports are free, both TCP and UDP.

    :param ports: ports that the realm will listen on; below 1024 they need root
    :raises MechanismUnavailable: a port is taken on every address, or may not be bound
    """
    wanted = tuple(ports)
    refused = "no address was tried"
    for _ in range(ATTEMPTS):
        # 127.0.0.0/16 is left to the machine's own services: resolvers, mail filters.
        address = f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"  # noqa: S311
        guard = _bound(address, GUARD, socket.SOCK_STREAM)
        if not isinstance(guard, socket.socket):
            refused = guard
            continue
        taken = [text for port in wanted if (text := _taken(address, port))]
        if not taken:
            return Reservation(address, guard)
        guard.close()
        refused = taken[0]
    raise MechanismUnavailable(
        f"no loopback address for a realm: {refused}",
        fix="stop what listens on that port on all addresses (ss -ltnup shows it), or run as root",
    )


def free(address: str, port: int) -> bool:
    """Whether nothing is bound to the port, TCP and UDP."""
    return _taken(address, port) is None


def _taken(address: str, port: int) -> str | None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        bound = _bound(address, port, kind)
        if not isinstance(bound, socket.socket):
            return bound
        bound.close()
    return None


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket | str:
    """A socket bound there, or why there is none."""
    bound = socket.socket(socket.AF_INET, kind)
    try:
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        return f"port {port} of {address}: {errno.errorcode.get(error.errno or 0, 'error')}"
    return bound
