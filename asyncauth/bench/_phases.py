"""Where the time of one handshake goes, with the instruments that any program can use (:mod:`asyncauth.instrument`).

Client and server are two tasks of this process, one handshake at a time, so what one of them waits for on the network
is mostly the other's work. A client is seen three times: as a user's first connection, for which the KDC is asked for a
ticket; as a process's first, for which the ticket lies in the user's cache; and as one of all others.
"""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

import anyio
from anyio.abc import ByteStream, SocketAttribute

from .._anyio._sockets import dial, listen
from .._anyio._stream import AuthenticatedStream
from .._types import Policy
from ..instrument import Phase, Timed, TimedStream, Times, timed_policy
from ..mechanisms import CredentialCache, Keytab, Negotiate
from ._common import HOST
from ._pair import Measured

if TYPE_CHECKING:
    from .._types import ConnectionInfo
    from ._measures import Measure
    from ._place import Place

__all__ = ["FORMS", "Phases"]


class Form(NamedTuple):
    """Whose handshake, and what there is already."""

    server: bool = False
    logs_in: bool = False
    """Each handshake with a cache that has no ticket for the service."""
    keeps: bool = False
    """All with one mechanism, which has made one before."""


FORMS = {
    "client, a user's first": Form(logs_in=True),
    "client, a process's first": Form(),
    "client, all others": Form(keeps=True),
    "server": Form(server=True, keeps=True),
}
_SHOWN = (Phase.CREDENTIALS, Phase.KDC, Phase.TOKENS, Phase.POLICY, Phase.NETWORK)
_NAMES = {Phase.KDC: "KDC"}
_OTHER = "engine, framing, loop"
_LOGINS = 5
"""For one measurement of a user's first connection."""

Shares: TypeAlias = list[dict[str, float]]


class Phases:
    """One of :data:`FORMS`; see :class:`Contestant`."""

    def __init__(self, form: str, place: Place) -> None:
        self._form = FORMS[form]
        self._place = place

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is held between measurements."""

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:  # noqa: ARG002 - one at a time
        """Microseconds of a handshake, the median, and of each phase."""
        taken: Shares = []
        anyio.run(self._run, taken, seconds, backend_options={"use_uvloop": False})
        rows = {name: median(each[name] for each in taken) * 1e6 for name in taken[0]}
        return Measured(rows.pop("all"), more=rows)

    async def _run(self, taken: Shares, seconds: float) -> None:
        listener = await listen(HOST, 0)
        async with listener, anyio.create_task_group() as group:
            at_server: Shares = []
            server = _Server(Negotiate(Keytab(self._place.keytab)), at_server)
            group.start_soon(listener.serve, server.handle)
            client = _Client(self._place.spn, listener.extra(SocketAttribute.local_port))
            if self._form.keeps:
                await self._kept(client, seconds)
            else:
                await self._anew(client, seconds)
            group.cancel_scope.cancel()
        taken += at_server if self._form.server else client.taken

    async def _kept(self, client: _Client, seconds: float) -> None:
        mechanism = Negotiate(CredentialCache(self._place.cache))
        await client.connect(mechanism)
        client.taken.clear()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or not client.taken:
            await client.connect(mechanism)

    async def _anew(self, client: _Client, seconds: float) -> None:
        caches = [self._place.realm.ticket("alice") for _ in range(_LOGINS)] if self._form.logs_in else []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or not client.taken:
            cache = caches.pop() if caches else self._place.cache
            await client.connect(Negotiate(CredentialCache(cache)))
            if self._form.logs_in and not caches:
                return


class _Client:
    def __init__(self, spn: str, port: int) -> None:
        self._spn = spn
        self._port = port
        self.taken: Shares = []

    async def connect(self, mechanism: Negotiate) -> None:
        times, begun = Times(), time.perf_counter()
        inner = TimedStream(await dial(HOST, self._port), times)
        connected = time.perf_counter() - begun
        stream = await AuthenticatedStream.wrap(inner, Timed(mechanism, times), target=self._spn)
        self.taken.append(_shares(times, time.perf_counter() - begun, connected))
        await stream.aclose()


class _Server:
    def __init__(self, mechanism: Negotiate, taken: Shares) -> None:
        self._mechanism = mechanism
        self._taken = taken

    async def handle(self, inner: ByteStream) -> None:
        times, begun = Times(), time.perf_counter()
        policy = timed_policy(Policy(authorize=_anybody), times)
        stream = await AuthenticatedStream.wrap(
            TimedStream(inner, times), Timed(self._mechanism, times), require=policy
        )
        self._taken.append(_shares(times, time.perf_counter() - begun, 0.0))
        await stream.aclose()


async def _anybody(_: ConnectionInfo) -> bool:
    return True


def _shares(times: Times, elapsed: float, connected: float) -> dict[str, float]:
    """Seconds of each phase, and of what is in none."""
    seconds = times.seconds
    shares: dict[str, float] = {_NAMES.get(phase, phase): seconds[phase] for phase in _SHOWN}
    shares[Phase.NETWORK] += connected
    elapsed -= seconds[Phase.INSTRUMENTS]
    return {"all": elapsed, **shares, _OTHER: elapsed - sum(shares.values())}
