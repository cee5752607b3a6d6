"""Protocols that take notes, servers and peers, and ways to wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from asyncauth import AsyncAuthError, Policy, ServicePrincipalName, Target
from asyncauth.abc import Mechanism, SecurityContext, StepResult, Unwrapped
from asyncauth.asyncio import (
    AuthenticatedServer,
    AuthenticatedTransport,
    create_connection,
    create_server,
    start_auth,
)

from ..services import TWO_PARTS
from .pipes import Pipe, pipe

SCRIPTED = "scripted/localhost"


class Recorder(asyncio.Protocol):
    """Notes what it is told, in order.

    :param keep_open: what its eof_received returns
    """

    def __init__(self, *, keep_open: bool = False) -> None:
        self.keep_open = keep_open
        self.transport: AuthenticatedTransport
        self.calls: list[str] = []
        self.data = bytearray()
        self.lost: list[Exception | None] = []

    def connection_made(self, transport: Any) -> None:
        self.calls.append("made")
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert data
        assert not self.lost
        if self.calls[-1] != "data":
            self.calls.append("data")
        self.data += data

    def eof_received(self) -> bool:
        self.calls.append("eof")
        return self.keep_open

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append("lost")
        self.lost.append(exc)


class Echo(Recorder):
    """Writes back whatever it reads."""

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for what the loop is about to do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)


class Serving:
    """A running server and what it has made."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self._factory = factory
        self.server: AuthenticatedServer
        self.protocols: list[Any] = []
        self.refused: list[AsyncAuthError] = []

    @property
    def port(self) -> int:
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    def make(self) -> Any:
        protocol = self._factory()
        self.protocols.append(protocol)
        return protocol

    async def first(self) -> Any:
        await until(lambda: self.protocols)
        return self.protocols[0]


@asynccontextmanager
async def serving(factory: Callable[[], Any], mechanism: Mechanism, **options: Any) -> AsyncIterator[Serving]:
    """A server on a port of its own; its connections must be gone when the test leaves it."""
    run = Serving(factory)
    run.server = await create_server(
        run.make, "127.0.0.1", 0, mechanism, on_refused=lambda error, _: run.refused.append(error), **options
    )
    try:
        yield run
    finally:
        run.server.close()
        run.server.abort_clients()
        async with asyncio.timeout(10):
            await run.server.wait_closed()
            while any(not protocol.lost for protocol in run.protocols if isinstance(protocol, Recorder)):  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@contextmanager
def handler_calls() -> Iterator[list[dict[str, Any]]]:
    """What the loop's exception handler is given meanwhile."""
    loop = asyncio.get_running_loop()
    calls: list[dict[str, Any]] = []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: calls.append(context))
    try:
        yield calls
    finally:
        loop.set_exception_handler(before)


def never() -> asyncio.Protocol:
    raise AssertionError("the application got a protocol")


def wait_for(event: threading.Event) -> None:
    assert event.wait(10)


async def talk(run: Serving, target: Target, mechanism: Mechanism) -> None:
    """Show that the server is alive."""
    transport, client = await create_connection(Recorder, target, mechanism)
    transport.write(b"still here")
    await until(lambda: client.data == b"still here")
    transport.close()


@asynccontextmanager
async def raw_server(handle: Callable[..., Any]) -> AsyncIterator[int]:
    """A plain TCP server, for peers that misbehave."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def raw_client(port: int, *said: bytes, eof: bool = False) -> bytes:
    """Say something to a server; what it answers until it closes."""
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for data in said:
            writer.write(data)
        if eof:
            writer.write_eof()
        try:
            return await reader.read()
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.close()


async def piped(
    alice: Mechanism, sockauth: Mechanism, client: Recorder, server: Recorder, **options: Any
) -> tuple[Pipe, Pipe]:
    """Two protocols, authenticated over a pipe."""
    here, there = pipe()
    client.transport, server.transport = await asyncio.gather(
        start_auth(here, client, alice, target=TWO_PARTS, **options),
        start_auth(there, server, sockauth, server_side=True, **options),
    )
    client.calls.append("made")
    server.calls.append("made")
    return here, there


class Watched:
    """A mechanism whose contexts tell what they are asked for.

    :param before: called with the name of each call before it is passed on; may raise, or block
    """

    def __init__(self, inner: Mechanism, before: Callable[[str], None] = lambda _: None) -> None:
        self.inner = inner
        self.name = inner.name
        self.before = before
        self.calls: list[str] = []

    def initiate(self, target: ServicePrincipalName, policy: Policy, /) -> SecurityContext:
        return WatchedContext(self, self.inner.initiate(target, policy))

    def accept(self, policy: Policy, /) -> SecurityContext:
        return WatchedContext(self, self.inner.accept(policy))

    def prepare_server(self) -> None:
        self.inner.prepare_server()

    def note(self, call: str) -> None:
        self.calls.append(call)
        self.before(call)


class WatchedContext:
    """See :class:`Watched`."""

    def __init__(self, watched: Watched, inner: SecurityContext) -> None:
        self.watched = watched
        self.inner = inner
        self.info, self.sign, self.verify, self.bind = inner.info, inner.sign, inner.verify, inner.bind

    @property
    def may_wait(self) -> bool:
        return self.inner.may_wait

    def step(self, token: bytes | None, /) -> StepResult:
        self.watched.note("step")
        return self.inner.step(token)

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        self.watched.note("wrap")
        return self.inner.wrap(data, seal)

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        self.watched.note("unwrap")
        return self.inner.unwrap(token)
