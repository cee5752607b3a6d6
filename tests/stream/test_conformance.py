"""What any byte stream owes its user, on both of our layers; the names N.. are those of tests/peers/dotnet/cases.py."""

from __future__ import annotations

import array
import mmap
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from asyncauth import Protection, ProtocolError
from asyncauth.abc import Framing
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate

from ..conftest import BACKENDS
from ..layers import LAYERS, AsyncioLayer, Layer, Stream
from ..services import TWO_PARTS, House

pytestmark = pytest.mark.anyio

KINDS = [(layer, framing) for layer in LAYERS for framing in ("nns", "winsock")]


@pytest.fixture(params=KINDS, ids="-".join)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The layer's name and the framing's."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture
def anyio_backend(kind: tuple[str, str]) -> Any:
    return BACKENDS[LAYERS[kind[0]][1]]


@pytest.fixture
def layer(kind: tuple[str, str]) -> Layer:
    return LAYERS[kind[0]][0]


@pytest.fixture
def framing(kind: tuple[str, str]) -> Framing:
    return NegotiateStream() if kind[1] == "nns" else Winsock()


class Pair:
    """Makes connected streams."""

    def __init__(self, layer: Layer, framing: Framing, house: House) -> None:
        self._layer, self._framing, self._house = layer, framing, house

    @asynccontextmanager
    async def __call__(self, **options: Any) -> AsyncIterator[tuple[Stream, Stream]]:
        """A client's and its server's end, closed without a word afterwards."""
        options.setdefault("framing", self._framing)
        sockauth = Negotiate(Keytab(self._house.service.keytab))
        alice = Negotiate(CredentialCache(self._house.cache))
        async with self._layer.serving(sockauth, **options) as server:
            client = await self._layer.connect(self._house.target(server.port), alice, **options)
            try:
                yield client, await server.next()
            finally:
                await client.abort()


@pytest.fixture
def pair(layer: Layer, framing: Framing, house: House) -> Pair:
    return Pair(layer, framing, house)


async def test_nothing_needs_a_flush(pair: Pair) -> None:
    """N08, N09, N85, N87, N88: what was sent is on its way, and close says nothing before it."""
    async with pair() as (here, there):
        for number in range(50):
            await here.send(bytes([number]))
            assert await there.receive() == bytes([number])
        await here.send(bytes(1_000_000))
        async with anyio.create_task_group() as group:
            group.start_soon(here.close)
            assert await there.receive_exactly(1_000_001) == bytes(1_000_000)
        assert await there.receive() == b""


async def test_byte_by_byte(pair: Pair) -> None:
    """N63, N64, N66, N68, N69."""
    data = bytes(range(256))
    async with pair() as (here, there):
        for byte in data:
            await here.send(bytes([byte]))
        await here.send(data)
        assert b"".join([await there.receive(1) for _ in range(512)]) == data + data


@pytest.mark.parametrize(("size", "piece"), [(5_000, 1), (300_000, 1024), (300_000, 4095), (300_000, 4096)])
async def test_copying(pair: Pair, size: int, piece: int) -> None:
    """N78."""
    data = bytes(range(250)) * (size // 250)

    async def copy(stream: Stream) -> None:
        while received := await stream.receive(piece):
            await stream.send(received)
        await stream.send_eof()

    async with pair() as (here, there), anyio.create_task_group() as group:
        group.start_soon(copy, there)

        async def send() -> None:
            for start in range(0, size, piece):
                await here.send(data[start : start + piece])
            await here.send_eof()

        group.start_soon(send)
        assert await here.receive_exactly(size + 1) == data


async def test_any_memory(pair: Pair) -> None:
    """N76: whatever has bytes; and once sent it is the caller's again."""
    mapped = mmap.mmap(-1, 4096)
    mapped[:5] = b"mmap!"
    buffer = bytearray(b"bytearray")
    numbers = array.array("I", [1, 2, 3])
    async with pair() as (here, there):
        for item in (buffer, memoryview(mapped)[:5], memoryview(numbers), memoryview(b"0123456789")[3:7]):
            expected = bytes(item)
            await here.send(item)  # type: ignore[arg-type]
            if item is buffer:
                buffer[:] = b"otherwise"
            assert await there.receive_exactly(len(expected)) == expected


@pytest.mark.parametrize("item", ["text", None, 5])
async def test_what_has_no_bytes_is_refused(pair: Pair, item: Any) -> None:
    """N24, N59: a bug of the caller's that harms nobody else."""
    async with pair() as (here, there):
        with pytest.raises(TypeError):
            await here.send(item)
        await here.send(b"unharmed")
        assert await there.receive() == b"unharmed"


async def test_an_empty_send_disturbs_nobody(pair: Pair) -> None:
    """N75."""
    async with pair() as (here, there):
        received: list[bytes] = []

        async def receive() -> None:
            received.append(await there.receive())

        async with anyio.create_task_group() as group:
            group.start_soon(receive)
            await here.send(b"")
            await anyio.sleep(0.01)
            assert not received
            await here.send(b"data")
        assert received == [b"data"]


async def test_a_receive_that_times_out_loses_nothing(pair: Pair) -> None:
    """N61, N62, N80, N81, N82: before it began, and while it waited."""
    async with pair() as (here, there):
        for seconds in (0, 0.01):
            with pytest.raises(TimeoutError), anyio.fail_after(seconds):
                await there.receive()
        await here.send(b"first")
        await anyio.sleep(0.01)
        with anyio.CancelScope() as scope:
            scope.cancel()
            received = await there.receive()
            assert received == b"first"  # what is there already may be given out all the same
        if scope.cancelled_caught:
            assert await there.receive() == b"first"
        await here.send(b"second")
        assert await there.receive() == b"second"


async def test_a_cancelled_send_is_whole_or_an_error(pair: Pair, layer: Layer) -> None:
    """N83: asyncio's writer has taken the data already; anyio's stream breaks, and says so."""
    size = 30_000_000
    async with pair() as (here, there):
        with anyio.move_on_after(0.05) as scope:
            await here.send(bytes(size))
        assert scope.cancelled_caught
        if isinstance(layer, AsyncioLayer):
            assert len(await there.receive_exactly(size)) == size
            await here.send(b"more")
            assert await there.receive() == b"more"
        else:
            with pytest.raises(ProtocolError, match="not wholly sent"):
                await here.send(b"more")


async def test_the_callers_context_survives(pair: Pair) -> None:
    """N73: its variables and its task are the same after every call."""
    variable: ContextVar[str] = ContextVar("variable")
    async with pair() as (here, there):
        variable.set("mine")
        task = anyio.get_current_task().id
        await here.send(b"x")
        await there.receive()
        await here.send_eof()
        assert await there.receive() == b""
        assert variable.get() == "mine"
        assert anyio.get_current_task().id == task


async def test_what_is_known_is_known_after_the_end(pair: Pair) -> None:
    """N49, N50: and before the handshake there is no stream to ask."""
    async with pair() as (here, there):
        await here.close()
        assert str(here.info.target).startswith("ADSockAuth/")
        assert here.info.protection is Protection.SEAL
        assert str(there.info.peer) == "alice@EXAMPLE.TEST"


# --- what lies beneath -----------------------------------------------------------------------------------------


@asynccontextmanager
async def nested(
    layer: Layer, depth: int, **mechanisms: Negotiate
) -> AsyncIterator[tuple[list[Any], list[Any]]]:
    """At each end of a pair of sockets the plain stream, and the authenticated ones round it."""
    here, there = [[await layer.plain(end)] for end in socket.socketpair()]

    async def add(streams: list[Any], mechanism: Negotiate, target: str | None) -> None:
        streams.append(await layer.upgrade(streams[-1], mechanism, target))

    for _ in range(depth):
        async with anyio.create_task_group() as group:
            group.start_soon(add, here, mechanisms["client"], TWO_PARTS)
            group.start_soon(add, there, mechanisms["server"], None)
    try:
        yield here, there
    finally:
        await here[-1].abort()
        await there[-1].abort()


@pytest.fixture
def mechanisms(house: House) -> dict[str, Negotiate]:
    return {
        "client": Negotiate(CredentialCache(house.cache)),
        "server": Negotiate(Keytab(house.service.keytab)),
    }


async def test_three_in_each_other(layer: Layer, mechanisms: dict[str, Negotiate]) -> None:
    """N91."""
    data = bytes(range(200)) * 1000
    async with nested(layer, 3, **mechanisms) as (here, there):
        async with anyio.create_task_group() as group:
            group.start_soon(here[-1].send, data)
            assert await there[-1].receive_exactly(len(data)) == data
        await here[-1].send_eof()
        assert await there[-1].receive() == b""


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_what_lies_beneath_is_closed_too(
    layer: Layer, mechanisms: dict[str, Negotiate], how: str
) -> None:
    """N86, N89, N90: it belongs to the stream, and cannot be used beside it or after it."""
    async with nested(layer, 2, **mechanisms) as (here, _):
        await getattr(here[-1], how)()
        plain = here[0]
        if isinstance(layer, AsyncioLayer):
            assert plain[1].is_closing()
        else:
            with pytest.raises(anyio.ClosedResourceError):
                await plain.send(b"x")
