"""Listening on TCP, with streams that fit the event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import ClosedResourceError, ResourceGuard
from anyio.abc import Listener, SocketAttribute, TaskGroup

from ._dial import on_asyncio
from ._polled import PolledListener
from ._transport import TransportStream

if TYPE_CHECKING:
    from anyio.abc import SocketStream
    from anyio.streams.stapled import MultiListener

__all__ = ["listen"]

_BACKLOG = 65_536
"""As in anyio; the system allows less."""

_TASK = "asyncauth: a connection"
"""anyio makes a name for each task that has none."""


async def listen(host: str | None, port: int, *, reuse_port: bool = False) -> Listener[Any]:
    """Listen; the streams are :class:`TransportStream` on asyncio, and :class:`PolledStream` on Trio.

    :param host: name or address; None for all, IPv4 and IPv6
    :param port: 0 for any free one
    :param reuse_port: let several processes share the port
    :raises OSError: the address cannot be listened on
    """
    plain = await anyio.create_tcp_listener(local_host=host, local_port=port, reuse_port=reuse_port)
    return _TransportListener(plain) if on_asyncio() else PolledListener(plain)


class _TransportListener(Listener[TransportStream]):
    """Lets the loop accept on the sockets of another listener, which is closed with this one."""

    def __init__(self, plain: MultiListener[SocketStream]) -> None:
        self._plain = plain
        self._closed = False
        self._guard = ResourceGuard("accepting connections from")
        self._over: asyncio.Future[None] | None = None

    async def serve(
        self, handler: Callable[[TransportStream], Any], task_group: TaskGroup | None = None
    ) -> None:
        """Call ``handler`` with each stream, in a task of its own, until cancelled.

        :raises ClosedResourceError: the listener was closed
        """
        if self._closed:
            raise ClosedResourceError
        with self._guard:
            async with AsyncExitStack() as stack:
                if task_group is None:
                    task_group = await stack.enter_async_context(anyio.create_task_group())
                loop = asyncio.get_running_loop()
                self._over = loop.create_future()
                made = partial(TransportStream, loop, self._starter(handler, task_group, self._over))
                for place in self._plain.listeners:
                    accepting = await _accept_on(place.extra(SocketAttribute.raw_socket), made)
                    stack.callback(accepting.close)
                await self._over
        raise ClosedResourceError

    async def aclose(self) -> None:
        self._closed = True
        if self._over is not None and not self._over.done():
            self._over.set_result(None)
        await self._plain.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._plain.extra_attributes

    def _starter(
        self, handler: Callable[[TransportStream], Any], task_group: TaskGroup, over: asyncio.Future[None]
    ) -> Callable[[TransportStream], None]:
        """What starts the handler of a stream that has arrived: at once, by a callback of the loop's."""
        start = partial(copy_context().run, partial(task_group.start_soon, name=_TASK), handler)

        def arrived(stream: TransportStream) -> None:
            if over.done():
                stream.abort()
                return
            try:
                start(stream)
            except Exception as error:  # noqa: BLE001 - the group's, which takes no more
                stream.abort()
                over.set_exception(error)

        return arrived


async def _accept_on(listening: socket.socket, made: Callable[[], TransportStream]) -> asyncio.AbstractServer:
    """What the loop closes when it stops is a copy, so that serving can begin again."""
    copy = listening.dup()
    try:
        copy.setblocking(False)
        return await asyncio.get_running_loop().create_server(made, sock=copy, backlog=_BACKLOG)
    except BaseException:
        copy.close()
        raise
