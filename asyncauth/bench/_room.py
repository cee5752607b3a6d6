"""Whether one process, and one pair of addresses, can have as many connections as are wanted.

Each takes a file descriptor at either end, and the client's end a port of its own, because all of them go from one
address to one port of one other. Both are the system's to give; what it does not give is better said before thousands
of handshakes than after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._common import BenchmarkError

__all__ = ["room_for_idle"]

_OTHERS = 256
"""Descriptors and ports for everything else."""
_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


@contextmanager
def room_for_idle(connections: int) -> Iterator[None]:
    """Let this process, and those that it starts meanwhile, have as many connections open; then as before.

    :raises BenchmarkError: the system's limits are below that
    """
    _check_ports(connections)
    try:
        import resource
    except ImportError:  # no such limits, on Windows
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHERS
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise BenchmarkError(
            f"{connections} idle connections take {wanted} open files in one process, and the hard limit is {hard}",
            fix="raise it (ulimit -Hn as root, LimitNOFILE= of the unit), or ask for fewer with --idle",
        )
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        yield
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _check_ports(connections: int) -> None:
    try:
        first, last = map(int, _PORTS.read_text().split())
    except (OSError, ValueError):  # another system's, which we cannot ask
        return
    if (there := last - first + 1) < connections + _OTHERS:
        raise BenchmarkError(
            f"{connections} idle connections take as many ports on one address, and the system gives {there}",
            fix="widen net.ipv4.ip_local_port_range with sysctl, or ask for fewer with --idle",
        )
