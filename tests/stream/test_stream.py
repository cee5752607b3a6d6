"""AuthenticatedStream between real ends: AD realm, TCP, all event loops."""

from __future__ import annotations

import os

import anyio
import pytest
from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.abc import SocketAttribute

from asyncauth import (
    AuthAttribute,
    AuthenticatedStream,
    IntegrityError,
    Protection,
    Target,
    TruncatedStream,
    connect,
)
from asyncauth.abc import Framing
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate

from ..services import THREE_PARTS, TWO_PARTS, House
from .servers import echo, serving

pytestmark = pytest.mark.anyio
framings = pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])


def client(house: House) -> Negotiate:
    return Negotiate(CredentialCache(house.cache))


@framings
@pytest.mark.parametrize("kind", [Negotiate, Kerberos])
@pytest.mark.parametrize("protection", Protection)
async def test_echo(house: House, framing: Framing, kind: type[Negotiate], protection: Protection) -> None:
    server = kind(Keytab(house.service.keytab))
    async with serving(house, mechanism=server, framing=framing, require=protection) as port:
        mechanism = kind(CredentialCache(house.cache))
        async with await connect(
            house.target(port), mechanism, framing=framing, require=protection
        ) as stream:
            await stream.send(b"hello")
            assert await stream.receive() == b"hello"
            assert stream.info.protection is protection


async def test_both_ends_know_each_other(house: House) -> None:
    seen: list[AuthenticatedStream] = []

    async def handler(stream: AuthenticatedStream) -> None:
        seen.append(stream)
        await echo(stream)

    async with serving(house, handler) as port:
        async with await connect(house.target(port), client(house)) as stream:
            await stream.send(b"x")
            await stream.receive()
            assert stream.extra(AuthAttribute.peer_name) == THREE_PARTS
            assert str(stream.extra(AuthAttribute.target)) == THREE_PARTS
            assert stream.extra(AuthAttribute.mechanism) == "kerberos"
            assert stream.extra(AuthAttribute.protection) is Protection.SEAL
            assert stream.extra(AuthAttribute.mutual)
            assert stream.extra(AuthAttribute.encrypted)
            assert stream.extra(AuthAttribute.signed)
            assert not stream.extra(AuthAttribute.server_side)
            assert stream.extra(AuthAttribute.framing) == "nns"
            assert stream.extra(SocketAttribute.remote_port) == port
        server = seen[0]
        assert server.extra(AuthAttribute.peer).name == "alice@EXAMPLE.TEST"
        assert server.extra(AuthAttribute.server_side)
        assert str(server.extra(AuthAttribute.target)) == THREE_PARTS  # proven by target binding


@framings
@pytest.mark.parametrize("size", [1, 64_488, 64_489, 64_513, 10 * 2**20])
async def test_any_size_both_ways_at_once(house: House, framing: Framing, size: int) -> None:
    data = os.urandom(size)
    async with serving(house, framing=framing) as port:
        stream = await connect(house.target(port), client(house), framing=framing)
        received = bytearray()

        async def send() -> None:
            await stream.send(memoryview(data))
            await stream.send_eof()

        async with stream, anyio.create_task_group() as group:
            group.start_soon(send)
            async for piece in stream:
                received += piece
        assert received == data


async def test_receive_gives_at_most_what_was_asked_for(house: House) -> None:
    async with serving(house) as port, await connect(house.target(port), client(house)) as stream:
        await stream.send(b"0123456789")
        assert [await stream.receive(4), await stream.receive(4), await stream.receive(4)] == [
            b"0123",
            b"4567",
            b"89",
        ]
        with pytest.raises(ValueError, match="at least one byte"):
            await stream.receive(0)


async def test_half_close_in_both_orders(house: House) -> None:
    async def answer_after_the_end(stream: AuthenticatedStream) -> None:
        async with stream:
            data = b"".join([piece async for piece in stream])
            await stream.send(data[::-1])

    async def end_first(stream: AuthenticatedStream) -> None:
        async with stream:
            await stream.send_eof()
            await stream.send_eof()
            with pytest.raises(ClosedResourceError):
                await stream.send(b"too late")
            assert await stream.receive() == b"still heard"

    async with serving(house, answer_after_the_end) as port:
        async with await connect(house.target(port), client(house)) as stream:
            await stream.send(b"abc")
            await stream.send_eof()
            assert await stream.receive() == b"cba"
            with pytest.raises(EndOfStream):
                await stream.receive()
            with pytest.raises(EndOfStream):
                await stream.receive()
    async with serving(house, end_first) as port:
        async with await connect(house.target(port), client(house)) as stream:
            with pytest.raises(EndOfStream):
                await stream.receive()
            await stream.send(b"still heard")


async def test_leaving_by_an_exception_is_not_a_clean_end(house: House) -> None:
    async def fail(stream: AuthenticatedStream) -> None:
        await stream.send(b"half of it")
        with pytest.raises(ZeroDivisionError):
            async with stream:
                raise ZeroDivisionError

    async with serving(house, fail) as port:
        async with await connect(house.target(port), client(house)) as stream:
            assert await stream.receive() == b"half of it"
            with pytest.raises(BrokenResourceError) as caught:
                await stream.receive()
            assert isinstance(caught.value.__cause__, TruncatedStream)


async def test_a_closed_stream_says_so(house: House) -> None:
    async with serving(house) as port:
        stream = await connect(house.target(port), client(house))
        await stream.aclose()
        await stream.aclose()
        with pytest.raises(ClosedResourceError):
            await stream.send(b"x")
        with pytest.raises(ClosedResourceError):
            await stream.receive()


async def test_a_second_reader_or_writer_is_told_to_wait(house: House) -> None:
    async def silent(stream: AuthenticatedStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    async with serving(house, silent) as port:
        stream = await connect(house.target(port), client(house))
        async with anyio.create_task_group() as group:
            group.start_soon(stream.receive)
            group.start_soon(stream.send, bytes(50_000_000))
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(BusyResourceError):
                await stream.receive()
            with pytest.raises(BusyResourceError):
                await stream.send(b"x")
            group.cancel_scope.cancel()
        await stream.aclose()


async def test_a_cancelled_receive_loses_nothing(house: House) -> None:
    data = os.urandom(300_000)

    async def drip(stream: AuthenticatedStream) -> None:
        async with stream:
            for start in range(0, len(data), 30_000):
                await stream.send(data[start : start + 30_000])
                await anyio.sleep(0.01)

    async with serving(house, drip) as port:
        async with await connect(house.target(port), client(house)) as stream:
            received = bytearray()
            cancelled = 0
            while len(received) < len(data):
                with anyio.move_on_after(0.0005) as scope:
                    received += await stream.receive(7_000)
                cancelled += scope.cancelled_caught
            assert received == data
            assert cancelled


async def test_a_send_cancelled_before_it_began_has_no_effect(house: House) -> None:
    async with serving(house) as port, await connect(house.target(port), client(house)) as stream:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stream.send(b"never")
        await stream.send(b"but this")
        assert await stream.receive() == b"but this"


async def test_a_send_cancelled_half_way_ends_sending_and_nothing_else(house: House) -> None:
    async def deaf(stream: AuthenticatedStream) -> None:
        async with stream:
            await stream.send(b"said before")
            await anyio.sleep_forever()

    async with serving(house, deaf) as port:
        stream = await connect(house.target(port), client(house))
        with anyio.move_on_after(0.2) as scope:
            await stream.send(bytes(50_000_000))
        assert scope.cancelled_caught
        for _ in range(2):
            with pytest.raises(BrokenResourceError, match="not wholly sent"):
                await stream.send(b"x")
        with pytest.raises(BrokenResourceError, match="not wholly sent"):
            await stream.send_eof()
        assert await stream.receive() == b"said before"
        with anyio.fail_after(5):
            await stream.aclose()


async def test_a_stream_in_mid_life_can_be_upgraded(house: House) -> None:
    async def server(listener: anyio.abc.Listener[anyio.abc.SocketStream]) -> None:
        async def handle(plain: anyio.abc.SocketStream) -> None:
            assert await plain.receive() == b"STARTAUTH\n"
            await plain.send(b"OK\n")
            await echo(await AuthenticatedStream.wrap(plain, Negotiate(Keytab(house.service.keytab))))

        await listener.serve(handle)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with anyio.create_task_group() as group:
        group.start_soon(server, listener.listeners[0])
        plain = await anyio.connect_tcp("127.0.0.1", listener.extra(SocketAttribute.local_port))
        await plain.send(b"STARTAUTH\n")
        assert await plain.receive() == b"OK\n"
        stream = await AuthenticatedStream.wrap(plain, client(house), target=TWO_PARTS)
        await stream.send(b"now in private")
        assert await stream.receive() == b"now in private"
        await stream.aclose()
        group.cancel_scope.cancel()
    await listener.aclose()


async def test_unix_sockets_and_streams_in_streams(house: House, tmp_path: os.PathLike[str]) -> None:
    """A second authentication inside the first, over a Unix socket."""
    path = os.path.join(tmp_path, "socket")  # noqa: PTH118
    listener = await anyio.create_unix_listener(path)
    server = Negotiate(Keytab(house.service.keytab))

    async def handle(plain: anyio.abc.SocketStream) -> None:
        outer = await AuthenticatedStream.wrap(plain, server)
        await echo(await AuthenticatedStream.wrap(outer, server))

    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        outer = await AuthenticatedStream.wrap(
            await anyio.connect_unix(path), client(house), target=TWO_PARTS
        )
        async with await AuthenticatedStream.wrap(outer, client(house), target=THREE_PARTS) as inner:
            await inner.send(b"x" * 100_000)
            received = b""
            while len(received) < 100_000:
                received += await inner.receive()
        group.cancel_scope.cancel()
    await listener.aclose()


async def test_altered_bytes_break_the_stream(house: House) -> None:
    async def forge(stream: AuthenticatedStream) -> None:
        async with stream:
            await stream._inner.send((20).to_bytes(4, "little") + b"\x05\x04\x07\xff" + bytes(16))
            await anyio.sleep_forever()

    async with serving(house, forge) as port:
        async with await connect(house.target(port), client(house)) as stream:
            with pytest.raises(BrokenResourceError) as caught:
                await stream.receive()
            assert isinstance(caught.value.__cause__, IntegrityError)


async def test_an_end_without_mark_is_an_error_unless_allowed(house: House) -> None:
    async def cut(stream: AuthenticatedStream) -> None:
        await stream.send(b"first part")
        await stream._inner.aclose()

    async with serving(house, cut) as port:
        strict = await connect(house.target(port), client(house))
        assert await strict.receive() == b"first part"
        with pytest.raises(BrokenResourceError, match="without saying that this was the end"):
            await strict.receive()
        lenient = await connect(house.target(port), client(house), allow_unmarked_end=True)
        assert await lenient.receive() == b"first part"
        with pytest.raises(EndOfStream):
            await lenient.receive()
        await strict.aclose()
        await lenient.aclose()


async def test_twenty_at_once(house: House) -> None:
    async def one(number: int, port: int) -> None:
        data = bytes([number]) * 100_000
        async with await connect(house.target(port), client(house)) as stream:
            async with anyio.create_task_group() as group:
                group.start_soon(stream.send, data)
                received = b""
                while len(received) < len(data):
                    received += await stream.receive()
            assert received == data

    async with serving(house) as port, anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(one, number, port)


def test_a_target_is_checked_where_it_is_made() -> None:
    for port in (0, 65_536):
        with pytest.raises(ValueError, match="is not between 1 and 65535"):
            Target("localhost", port, TWO_PARTS)
    with pytest.raises(ValueError, match="needs a host"):
        Target("", 1, TWO_PARTS)


@pytest.mark.parametrize("forcing", ["server", "client"])
async def test_a_stream_that_is_closed_by_force_says_no_word(house: House, forcing: str) -> None:
    """Not even where the system would take it at once: what was cut off must not look complete."""
    seen: list[str] = []

    async def read(stream: AuthenticatedStream) -> None:
        assert await stream.receive() == b"half"
        with pytest.raises(BrokenResourceError, match="without saying that this was the end"):
            await stream.receive()
        seen.append("cut off")
        await anyio.aclose_forcefully(stream)

    async def break_off(stream: AuthenticatedStream) -> None:
        await stream.send(b"half")
        await anyio.aclose_forcefully(stream)

    ours, theirs = (read, break_off) if forcing == "server" else (break_off, read)
    async with serving(house, theirs) as port:
        await ours(await connect(house.target(port), client(house)))
        with anyio.fail_after(5):
            while not seen:  # noqa: ASYNC110 - there is no event for it
                await anyio.sleep(0.01)


async def test_a_stream_that_broke_is_closed_for_its_handler(house: House) -> None:
    """One that does not close it itself, although it should."""
    held: list[AuthenticatedStream] = []

    async def careless(stream: AuthenticatedStream) -> None:
        held.append(stream)
        await stream.receive()
        raise BrokenResourceError

    async with serving(house, careless) as port:
        async with await connect(house.target(port), client(house)) as stream:
            await stream.send(b"x")
            with anyio.fail_after(5), pytest.raises(BrokenResourceError):
                await stream.receive()
    with pytest.raises(ClosedResourceError):
        await held[0].receive()
