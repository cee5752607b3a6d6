"""Locating a service in the directory: with the connection that is kept, and with one that is made for it.

The latter is what the first query of a process costs: the controllers are looked up in DNS, a connection is made to
one, for a connection point another one to the global catalogue, each with a sealed Kerberos bind. The tickets for the
controllers lie in the user's cache. There are ten connection points with other keywords beside the one looked for.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import anyio

from ..abc import Resolver, ServiceQuery
from ..discovery import (
    Directory,
    Dns,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    WinsockService,
    WinsockServices,
)
from ..mechanisms import CredentialCache, Kerberos
from ._pair import Measured

if TYPE_CHECKING:
    from ._measures import Measure
    from ._place import Place

__all__ = ["FORMS", "Locator", "publish"]

KEYWORD, NAME = "asyncauth benchmark", "asyncauth-benchmark"
CLASS = "ADSockAuth"
CLASS_ID = UUID("5b9b7b5c-31f3-4d5f-9a57-0d1d2f9b0c11")
OTHERS = 10
FORMS = ("scp, new connection", "scp, kept connection", "rnr, new connection", "rnr, kept connection")


class Locator:
    """One of :data:`FORMS`; see :class:`Contestant`. It runs in this process, on asyncio's own loop."""

    def __init__(self, form: str, place: Place) -> None:
        self._place = place
        self._rnr = form.startswith("rnr")
        self._keeps = "kept" in form

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is held between measurements."""

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:  # noqa: ARG002 - one at a time
        """See :class:`Contestant`."""
        work = partial(self._kept if self._keeps else self._new, seconds)
        count, elapsed, cpu = anyio.run(work, backend_options={"use_uvloop": False})
        return Measured(count / elapsed * measure.scale, None, cpu / count * 1e6)

    async def _kept(self, seconds: float) -> tuple[int, float, float]:
        async with self._directory() as directory:
            locate = self._locate(directory)
            await locate()  # the connection is made
            return await _repeat(locate, seconds)

    async def _new(self, seconds: float) -> tuple[int, float, float]:
        async def locate() -> None:
            async with self._directory() as directory:
                await self._locate(directory)()

        return await _repeat(locate, seconds)

    def _locate(self, directory: Directory) -> Callable[[], Awaitable[object]]:
        where: Resolver = WinsockServices(directory) if self._rnr else ServiceConnectionPoints(directory)
        return partial(where.resolve, ServiceQuery(NAME if self._rnr else KEYWORD))

    def _directory(self) -> AbstractAsyncContextManager[Directory]:
        return _directory(self._place, self._place.cache)


def publish(place: Place) -> None:
    """Publish what will be looked for."""
    anyio.run(_publish, place)


async def _publish(place: Place) -> None:
    host, parent = (
        f"app1.{place.realm.domain}",
        "CN=System," + ",".join(f"DC={label}" for label in place.realm.domain.split(".")),
    )
    async with _directory(place, place.realm.ticket("administrator")) as directory:
        points = ServiceConnectionPoints(directory)
        for number in range(OTHERS + 1):
            await points.publish(
                ServiceConnectionPoint(
                    name=f"Benchmark{number}",
                    parent=parent,
                    service_class=CLASS,
                    host=host,
                    port=2000 + number,
                    keywords=(f"other {number}" if number else KEYWORD,),
                )
            )
        service = WinsockService(NAME, CLASS, CLASS_ID, host=host, addresses=[("192.0.2.1", 2000)])
        await WinsockServices(directory).publish(service)


def _directory(place: Place, cache: str) -> Directory:
    dns = Dns(place.realm.env["ASYNCAUTH_NAMESERVER"])
    return Directory(place.realm.domain, Kerberos(CredentialCache(cache)), dns=dns)


async def _repeat(call: Callable[[], Awaitable[Any]], seconds: float) -> tuple[int, float, float]:
    count, cpu, start = 0, time.process_time(), time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        await call()
        count += 1
    return count, elapsed, time.process_time() - cpu
