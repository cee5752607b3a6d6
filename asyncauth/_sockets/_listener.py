"""Listening on TCP, with streams that fit the event loop."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import anyio
from anyio import ClosedResourceError, ResourceGuard
from anyio.abc import Listener, SocketAttribute, TaskGroup

from ._dial import on_asyncio
from ._transport import TransportStream

if TYPE_CHECKING:
    from anyio.abc import SocketStream
    from anyio.streams.stapled import MultiListener

__all__ = ["listen"]

_BACKLOG = 65_536
"""As in anyio; the system allows less."""


async def listen(host: str | None, port: int, *, reuse_port: bool = False) -> Listener[Any]:
    """Listen; the streams are :class:`TransportStream` on asyncio, and anyio's on Trio.

    :param host: name or address; None for all, IPv4 and IPv6
    :param port: 0 for any free one
    :param reuse_port: let several processes share the port
    :raises OSError: the address cannot be listened on
    """
    plain = await anyio.create_tcp_listener(local_host=host, local_port=port, reuse_port=reuse_port)
    return _TransportListener(plain) if on_asyncio() else plain


class _TransportListener(Listener[TransportStream]):
    """Lets the loop accept on the sockets of another listener, which is closed with this one."""

    def __init__(self, plain: MultiListener[SocketStream]) -> None:
        self._plain = plain
        self._closed = False
        self._guard = ResourceGuard("accepting connections from")
        self._arrived: deque[TransportStream] = deque()
        self._waiter: asyncio.Future[None] | None = None

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
                stack.callback(self._drop)
                for place in self._plain.listeners:
                    accepting = await self._accept_on(place.extra(SocketAttribute.raw_socket))
                    stack.callback(accepting.close)
                await self._hand_out(handler, task_group)

    async def aclose(self) -> None:
        self._closed = True
        self._wake()
        await self._plain.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._plain.extra_attributes

    async def _accept_on(self, listening: socket.socket) -> asyncio.AbstractServer:
        """What the loop closes when it stops is a copy, so that serving can begin again."""
        copy = listening.dup()
        try:
            copy.setblocking(False)
            return await asyncio.get_running_loop().create_server(
                lambda: TransportStream(self._note), sock=copy, backlog=_BACKLOG
            )
        except BaseException:
            copy.close()
            raise

    async def _hand_out(self, handler: Callable[[TransportStream], Any], task_group: TaskGroup) -> None:
        while not self._closed:
            if not self._arrived:
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
            while self._arrived:
                task_group.start_soon(handler, self._arrived.popleft())
        raise ClosedResourceError

    def _note(self, stream: TransportStream) -> None:
        self._arrived.append(stream)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _drop(self) -> None:
        """Nobody will have what has arrived and was not handed out."""
        while self._arrived:
            self._arrived.popleft().abort()
