"""A contestant's processes: servers on one port, and as many clients."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

from ._common import BenchmarkError
from ._measures import Measure

if TYPE_CHECKING:
    from ._child import Child

__all__ = ["Contestant", "Measured", "Pair"]

_PATIENCE = 5.0
"""Seconds that a server has to see off its last clients."""


class Measured(NamedTuple):
    """One measurement of one contestant."""

    value: float
    """In the measure's unit."""
    server_cpu: float | None = None
    """Microseconds of the server processes, user and system, per handshake, message or round trip; None for a server
    that is not ours to ask."""
    client_cpu: float | None = None
    more: dict[str, float] = {}  # noqa: RUF012 - never changed
    """What else was seen."""

    @property
    def busier(self) -> float | None:
        """CPU time of the busier end."""
        return max((cpu for cpu in (self.server_cpu, self.client_cpu) if cpu is not None), default=None)


class Contestant(Protocol):
    """Something that can be measured, and is idle until it is; a context manager that ends its processes."""

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:
        """Do it for so long.

        :param connections: at a time, where the measure has many
        :raises BenchmarkError: it could not be done, or was not what it should be
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class Pair:
    """Processes that speak our language of lines; one server and one client, or several of each.

    :param servers: they listen on one port; none, where the server is somebody else's
    """

    def __init__(self, name: str, servers: Sequence[Child], clients: Sequence[Child]) -> None:
        self._name = name
        self._servers = servers
        self._clients = clients

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for child in (*self._clients, *self._servers):
            child.close()

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:
        """See :class:`Contestant`; each client has its share of the connections."""
        if measure.name == "idle":
            return self._idle(connections)
        return self._pace(measure, seconds, connections)

    def loop(self, seconds: float, connections: int, cache: str, delay: float | None) -> Measured:
        """The client's :func:`loop_delay`; ``cache`` and ``delay`` are as there."""
        answer = self._clients[0].ask(
            measure="loop", seconds=seconds, connections=connections, cache=cache, delay=delay
        )
        # these were waiting, and given up then: the one kind of client that may be refused
        deadline, left = time.monotonic() + _PATIENCE, answer.pop("given_up")
        while left > 0 and time.monotonic() < deadline:
            left -= sum(server.ask(forgive=True)["forgiven"] for server in self._servers)
            time.sleep(0.01)
        return Measured(answer.pop("worst"), more=answer)

    def _pace(self, measure: Measure, seconds: float, connections: int) -> Measured:
        for child in self._servers:
            child.ask(hangs_up=measure.name == "handshake")
        before = self._asked()
        share = max(1, connections // len(self._clients))
        for client in self._clients:
            client.order(
                measure=measure.name,
                seconds=seconds,
                connections=share,
                returned=not self._servers,
            )
        done = [client.hear() for client in self._clients]
        count = sum(each["count"] for each in done)
        if not count:
            raise BenchmarkError(f"{self._name}: nothing was done in {seconds:g} s")
        made = count if measure.name in ("handshake", "visit") else len(self._clients)
        after = self._settled(before["handshakes"] + made)
        value = sum(each["count"] / each["seconds"] for each in done) * measure.scale
        server = (after["cpu"] - before["cpu"]) / count * 1e6 if self._servers else None
        return Measured(value, server, sum(each["cpu"] for each in done) / count * 1e6)

    def _idle(self, connections: int) -> Measured:
        self._clients[0].ask(measure="handshake", seconds=0.05, connections=8)  # what is loaded on first use
        before = self._asked(memory=True)
        self._clients[0].ask(measure="idle", seconds=0.0, connections=connections)
        after = self._asked(memory=True)
        self._clients[0].ask(close=True)
        return Measured((after["memory"] - before["memory"]) / 1024 / connections)

    def _asked(self, **question: object) -> dict[str, Any]:
        """What the servers say, all together."""
        answers = [server.ask(**question) for server in self._servers]
        if failures := [failure for answer in answers for failure in answer["failures"]]:
            raise BenchmarkError(f"{self._name}: {failures[0]}")
        names = ("handshakes", "cpu", *question)
        return {name: sum(answer[name] for answer in answers) for name in names}

    def _settled(self, handshakes: int) -> dict[str, Any]:
        """The servers' answer once they have seen as many handshakes as the clients."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = self._asked()
            if answer["handshakes"] == handshakes or not self._servers:
                return answer
            if time.monotonic() > deadline:
                raise BenchmarkError(
                    f"{self._name}: the client made {handshakes} handshakes, the server {answer['handshakes']}"
                )
            time.sleep(0.01)
