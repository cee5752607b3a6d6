"""Servers for the stream's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import SocketAttribute

from asyncauth import AuthenticatedStream, serve
from asyncauth.mechanisms import Keytab, Negotiate

from ..services import House

Handler = Callable[[AuthenticatedStream], Awaitable[Any]]


async def echo(stream: AuthenticatedStream) -> None:
    """Send back what comes, then the end."""
    async with stream:
        async for data in stream:
            await stream.send(data)


@asynccontextmanager
async def serving(house: House, handler: Handler = echo, **options: Any) -> AsyncIterator[int]:
    """A server on a port of its own, with the service's keytab unless a mechanism is given."""
    options.setdefault("mechanism", Negotiate(Keytab(house.service.keytab)))

    async def run(*, task_status: Any) -> None:
        await serve(handler, "127.0.0.1", 0, task_status=task_status, **options)

    async with anyio.create_task_group() as group:
        listener = await group.start(run)
        try:
            yield listener.extra(SocketAttribute.local_port)
        finally:
            group.cancel_scope.cancel()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what another task is about to do."""
    with anyio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await anyio.sleep(0.005)
