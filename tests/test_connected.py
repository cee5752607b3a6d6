"""Connecting to an address by the shortest way."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator

import pytest

from asyncauth._connected import connected_socket


@pytest.fixture(params=[("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)], ids=["IPv4", "IPv6"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Listens on loopback, and accepts nothing by itself."""
    address, family = request.param
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.bind((address, 0))
        made.listen(0)
        yield made


def fill(listener: socket.socket) -> list[socket.socket]:
    """Connect until the next connection has to wait."""
    waiting = []
    for _ in range(8):
        made = socket.socket(listener.family, socket.SOCK_STREAM)
        made.setblocking(False)
        waiting.append(made)
        if made.connect_ex(listener.getsockname()[:2]):
            break
    return waiting


@pytest.mark.asyncio
async def test_an_address_is_connected_to(listener: socket.socket) -> None:
    address, port = listener.getsockname()[:2]
    made = await connected_socket(asyncio.get_running_loop(), address, port)
    assert made is not None
    with made:
        assert made.getpeername()[:2] == (address, port)
        assert made.gettimeout() == 0.0


@pytest.mark.parametrize("host", ["localhost", "app1.example.test", "fe80::1%lo", "127.1", None])
@pytest.mark.asyncio
async def test_what_is_no_address_goes_the_loop_s_way(host: str | None) -> None:
    assert await connected_socket(asyncio.get_running_loop(), host, 1) is None


def test_another_loop_goes_its_own_way(listener: socket.socket) -> None:
    uvloop = pytest.importorskip("uvloop")
    address, port = listener.getsockname()[:2]

    async def connect() -> socket.socket | None:
        return await connected_socket(asyncio.get_running_loop(), address, port)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(connect()) is None


@pytest.mark.asyncio
async def test_nobody_there_is_an_os_error(listener: socket.socket) -> None:
    address, port = listener.getsockname()[:2]
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        await connected_socket(asyncio.get_running_loop(), address, port)


@pytest.mark.asyncio
async def test_one_that_has_to_wait_is_waited_for(listener: socket.socket) -> None:
    waiting = fill(listener)
    address, port = listener.getsockname()[:2]
    task = asyncio.create_task(connected_socket(asyncio.get_running_loop(), address, port))
    await asyncio.sleep(0.05)
    assert not task.done()
    for _ in waiting:
        listener.accept()[0].close()
    made = await asyncio.wait_for(task, 10)
    assert made is not None
    made.close()
    for each in waiting:
        each.close()


@pytest.mark.asyncio
async def test_cancelled_it_leaves_no_socket_behind(listener: socket.socket) -> None:
    """An open one would be reported when it is collected, and warnings are errors."""
    waiting = fill(listener)
    address, port = listener.getsockname()[:2]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connected_socket(asyncio.get_running_loop(), address, port), 0.05)
    gc.collect()
    for each in waiting:
        each.close()
