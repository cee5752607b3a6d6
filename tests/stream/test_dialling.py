"""Dialling and listening: ours behave as anyio's own, which run the same tests."""

from __future__ import annotations

import socket
from typing import Any

import anyio
import pytest
from anyio import ClosedResourceError, EndOfStream
from anyio.abc import ByteStream, SocketAttribute

from asyncauth._anyio._sockets import dial, listen

from ..conftest import BACKENDS
from .sockets import CASES, HOST, KINDS, Sockets

pytestmark = pytest.mark.anyio


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> list[str]:
    return str(request.param).split("-")


@pytest.fixture
def anyio_backend(case: list[str]) -> Any:
    return BACKENDS[case[0]]


@pytest.fixture
def sockets(case: list[str]) -> Sockets:
    return KINDS[case[1]]


async def test_addresses_of_ipv6_have_two_parts() -> None:
    async with await listen("::1", 0) as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, anyio.aclose_forcefully)
        async with await dial("::1", listener.extra(SocketAttribute.local_port)) as stream:
            assert stream.extra(SocketAttribute.remote_address) == stream.extra(
                SocketAttribute.remote_address
            )
            assert stream.extra(SocketAttribute.remote_address)[0] == "::1"
            assert len(stream.extra(SocketAttribute.local_address)) == 2
        group.cancel_scope.cancel()


@pytest.mark.parametrize("addresses", [[HOST], [HOST, "127.0.0.2"]])
async def test_a_name_is_resolved(
    sockets: Sockets, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = anyio.getaddrinfo

    async def resolve(host: Any, port: Any, **options: Any) -> list[Any]:
        if host != "service.example.test":
            return await real(host, port, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(anyio, "getaddrinfo", resolve)
    monkeypatch.setattr("anyio._core._sockets.getaddrinfo", resolve)
    async with await sockets.listen() as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, anyio.aclose_forcefully)
        port = listener.extra(SocketAttribute.local_port)
        async with await dial("service.example.test", port) as stream:
            with pytest.raises(EndOfStream):
                await stream.receive()
        group.cancel_scope.cancel()


async def test_nobody_listens() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await dial(HOST, port)


async def test_a_listener_that_is_closed_ends_serving(sockets: Sockets) -> None:
    listener = await sockets.listen()

    async with anyio.create_task_group() as group:

        async def serve() -> None:
            with pytest.RaisesGroup(ClosedResourceError, allow_unwrapped=True, flatten_subgroups=True):
                await listener.serve(anyio.aclose_forcefully, group)

        group.start_soon(serve)
        await anyio.sleep(0.02)
        await listener.aclose()
        await serve()


async def test_serving_can_begin_again(sockets: Sockets) -> None:
    async with await sockets.listen() as listener:
        port = listener.extra(SocketAttribute.local_port)
        for _ in range(2):
            async with anyio.create_task_group() as group:
                group.start_soon(listener.serve, anyio.aclose_forcefully)
                async with await sockets.dial(HOST, port) as stream:
                    with pytest.raises(EndOfStream):
                        await stream.receive()
                group.cancel_scope.cancel()


async def test_a_handler_that_fails_ends_serving(sockets: Sockets) -> None:
    async def handler(stream: ByteStream) -> None:
        await anyio.aclose_forcefully(stream)
        raise ZeroDivisionError

    async with await sockets.listen() as listener:
        with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
            async with anyio.create_task_group() as group:
                group.start_soon(listener.serve, handler)
                async with await sockets.dial(HOST, listener.extra(SocketAttribute.local_port)):
                    await anyio.sleep(5)


async def test_nobody_else_listens_on_the_port_afterwards(sockets: Sockets) -> None:
    """No copy of the listening socket is left behind."""
    async with await sockets.listen() as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, anyio.aclose_forcefully)
        port = listener.extra(SocketAttribute.local_port)
        await anyio.sleep(0.02)
        group.cancel_scope.cancel()
    await anyio.sleep(0.02)
    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await dial(HOST, port)
