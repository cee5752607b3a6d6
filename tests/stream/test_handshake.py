"""What can go wrong before the first application byte, on real sockets."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute

from asyncauth import (
    AsyncAuthError,
    AuthenticatedStream,
    ConnectError,
    CredentialError,
    FrameTooLarge,
    HandshakeTimeout,
    MechanismError,
    PeerRejected,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    Target,
    TargetError,
    TruncatedStream,
    connect,
    connect_service,
    serve,
)
from asyncauth.abc import Framing, ServiceQuery
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate, Ntlm, Password
from asyncauth.testing import ScriptedMechanism

from ..services import OTHERS, TWO_PARTS, House
from .servers import echo, serving, until

pytestmark = pytest.mark.anyio
framings = pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])


def client(house: House) -> Negotiate:
    return Negotiate(CredentialCache(house.cache))


@framings
async def test_the_ticket_of_another_account_is_refused_at_both_ends(
    house: House, framing: Framing, caplog: pytest.LogCaptureFixture
) -> None:
    refused: list[AsyncAuthError] = []
    async with serving(house, framing=framing, on_refused=lambda error, _: refused.append(error)) as port:
        with pytest.raises((PeerRejected, TargetError), match=OTHERS), caplog.at_level(logging.WARNING):
            await connect(house.target(port, OTHERS), client(house), framing=framing)
        await until(lambda: refused)
    assert isinstance(refused[0], TargetError)
    assert house.service.keytab.name in caplog.text
    assert "127.0.0.1" in caplog.text


@framings
async def test_a_server_without_the_key_gets_no_byte(house: House, framing: Framing) -> None:
    """An impostor with a key of its own: it can only refuse, or answer with what the client refuses."""
    impostor = Negotiate(Keytab(house.other.keytab))
    async with serving(house, mechanism=impostor, framing=framing) as port:
        with pytest.raises((PeerRejected, MechanismError)):
            await connect(house.target(port), client(house), framing=framing)


@framings
async def test_a_server_that_offers_ntlm_gets_no_byte(
    house: House, framing: Framing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    users.write_text("EXAMPLE:alice:secret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    async with serving(house, mechanism=Ntlm(), framing=framing, mutual=False) as port:
        with pytest.raises((PeerRejected, MechanismError, RemoteProtocolError)):
            await connect(house.target(port), client(house), framing=framing)
        with pytest.raises(ProtectionError, match="ntlm"):
            await connect(house.target(port), Ntlm(Password("EXAMPLE\\alice", "secret")), framing=framing)


@framings
async def test_too_little_protection_is_refused_at_both_ends(house: House, framing: Framing) -> None:
    refused: list[AsyncAuthError] = []
    async with serving(house, framing=framing, on_refused=lambda error, _: refused.append(error)) as port:
        with pytest.raises((PeerRejected, TruncatedStream)):
            await connect(house.target(port), client(house), framing=framing, require=Protection.SIGN)
        await until(lambda: refused)
    assert isinstance(refused[0], ProtectionError)
    assert "alice@EXAMPLE.TEST" in str(refused[0])


@framings
async def test_the_handlers_of_refused_clients_never_run(house: House, framing: Framing) -> None:
    async def handler(stream: AuthenticatedStream) -> None:
        pytest.fail(f"{stream.info.peer} got in")

    async with serving(house, handler, framing=framing) as port:
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(200), b"\xff" * 5000, b""):
            raw = await anyio.connect_tcp("127.0.0.1", port)
            if garbage:
                await raw.send(garbage)
            await raw.send_eof()
            with anyio.fail_after(5):
                try:
                    while True:
                        await raw.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    pass
            await raw.aclose()


async def record(house: House, framing: Framing) -> bytes:
    """What a client says first."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    said = b""

    async def take(stream: anyio.abc.SocketStream) -> None:
        nonlocal said
        said = await stream.receive()
        await stream.aclose()

    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, take)
        with pytest.raises(TruncatedStream):
            await connect(house.target(port, TWO_PARTS), client(house), framing=framing)
        group.cancel_scope.cancel()
    await listener.aclose()
    return said


@framings
async def test_a_client_cut_off_at_any_byte_is_refused(house: House, framing: Framing) -> None:
    said = await record(house, framing)
    refused: list[AsyncAuthError] = []
    async with serving(house, framing=framing, on_refused=lambda error, _: refused.append(error)) as port:
        lengths = [*range(12), *range(12, len(said), 97), len(said) - 1]
        for length in lengths:
            raw = await anyio.connect_tcp("127.0.0.1", port)
            if length:
                await raw.send(said[:length])
            await raw.aclose()
        await until(lambda: len(refused) == len(lengths))
    assert {type(error) for error in refused} == {TruncatedStream}


@framings
async def test_a_server_that_closes_at_any_byte_is_an_error(house: House, framing: Framing) -> None:
    answers: list[bytes] = []
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    server = Negotiate(Keytab(house.service.keytab))
    mechanism = client(house)
    lengths = [1_000_000]

    async def handle(raw: anyio.abc.SocketStream) -> None:
        recorder = Cutting(raw, lengths[-1], answers)
        try:
            await AuthenticatedStream.wrap(recorder, server, framing=framing)
        finally:
            await raw.aclose()

    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        whole = await connect(house.target(port, TWO_PARTS), mechanism, framing=framing)
        await anyio.aclose_forcefully(whole)
        size = len(answers[0])
        for length in [*range(8), *range(8, size - 8, 23), -1]:  # answers differ in length by a byte or two
            lengths.append(length)
            with pytest.raises(TruncatedStream, match=TWO_PARTS):
                await connect(house.target(port, TWO_PARTS), mechanism, framing=framing)
        group.cancel_scope.cancel()
    await listener.aclose()


class Cutting(anyio.abc.ByteStream):
    """Lets so many bytes out and then nothing more."""

    def __init__(self, inner: anyio.abc.ByteStream, length: int, sent: list[bytes]) -> None:
        self._inner, self._length, self._sent = inner, length, sent

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        return await self._inner.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        self._sent.append(item)
        await self._inner.send(item[: self._length])

    async def send_eof(self) -> None:
        await self._inner.send_eof()

    async def aclose(self) -> None:
        await self._inner.aclose()


async def test_a_frame_beyond_the_limit_is_refused_unread(house: House) -> None:
    refused: list[AsyncAuthError] = []
    async with serving(house, framing=Winsock(), on_refused=lambda error, _: refused.append(error)) as port:
        raw = await anyio.connect_tcp("127.0.0.1", port)
        await raw.send((2**31).to_bytes(4, "little"))
        with anyio.fail_after(5), pytest.raises(anyio.EndOfStream):
            await raw.receive()
        await raw.aclose()
        await until(lambda: refused)
    assert isinstance(refused[0], FrameTooLarge)
    assert "2147483648 bytes" in str(refused[0])


async def test_silence_ends_with_the_deadline_on_both_sides(house: House) -> None:
    refused: list[AsyncAuthError] = []

    def note(error: AsyncAuthError, _: object) -> None:
        refused.append(error)

    async with serving(house, handshake_timeout=0.2, on_refused=note) as port:
        raw = await anyio.connect_tcp("127.0.0.1", port)
        with anyio.fail_after(5), pytest.raises(anyio.EndOfStream):
            await raw.receive()
        await raw.aclose()
        await until(lambda: refused)
    assert isinstance(refused[0], HandshakeTimeout)
    assert isinstance(refused[0], TimeoutError)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    target = house.target(listener.extra(SocketAttribute.local_port), TWO_PARTS)
    with anyio.fail_after(5), pytest.raises(HandshakeTimeout, match=TWO_PARTS):
        await connect(target, client(house), handshake_timeout=0.2)
    await listener.aclose()


async def test_a_kdc_that_is_silent_stops_nobody_else(house: House) -> None:
    """The deadline holds while the KDC call is stuck, and the loop goes on serving."""
    stuck = Negotiate(CredentialCache(house.realm.ticket("alice")))
    async with serving(house) as port:
        established = await connect(house.target(port), client(house))
        house.realm.pause()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(expect_timeout, house.target(port), stuck)
                for _ in range(20):
                    await established.send(b"x")
                    assert await established.receive() == b"x"
                    await anyio.sleep(0.01)
        finally:
            house.realm.resume()
        await established.aclose()


async def expect_timeout(target: Target, mechanism: Negotiate) -> None:
    with anyio.fail_after(10), pytest.raises(HandshakeTimeout):
        await connect(target, mechanism, handshake_timeout=0.5)


async def test_a_step_that_may_wait_runs_in_a_thread_and_others_do_not(house: House) -> None:
    for waits in (True, False):
        threads: set[int] = set()
        mechanism = ScriptedMechanism(waits=waits, while_stepping=partial(note_thread, threads))
        async with serving(house, mechanism=mechanism) as port:
            await (await connect(house.target(port), mechanism)).aclose()
        assert (threading.get_ident() in threads) is not waits


def note_thread(threads: set[int]) -> None:
    threads.add(threading.get_ident())


async def test_cancelling_a_handshake_abandons_its_thread_and_returns(house: House) -> None:
    go_on = threading.Event()

    def block() -> None:
        go_on.wait(5)

    mechanism = ScriptedMechanism(waits=True, while_stepping=block)
    async with serving(house, mechanism=ScriptedMechanism()) as port:
        start = time.monotonic()
        with anyio.move_on_after(0.1) as scope:
            await connect(house.target(port), mechanism)
        assert scope.cancelled_caught
        assert time.monotonic() - start < 4
        go_on.set()


async def test_strangers_beyond_the_limit_are_closed_at_once(house: House) -> None:
    async with serving(house, max_pending=1) as port:
        strangers = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(5)]
        await anyio.sleep(0.05)
        with pytest.raises((TruncatedStream, anyio.BrokenResourceError)):
            await connect(house.target(port), client(house))
        for stranger in strangers:
            await stranger.aclose()
        await anyio.sleep(0.05)
        async with await connect(house.target(port), client(house)) as stream:
            await stream.send(b"room again")
            assert await stream.receive() == b"room again"


async def test_honest_clients_wait_for_their_turn(house: House) -> None:
    async with serving(house, max_pending=1) as port:
        stranger = await anyio.connect_tcp("127.0.0.1", port)
        await anyio.sleep(0.05)
        waiting = anyio.Event()

        async def honest() -> None:
            waiting.set()
            async with await connect(house.target(port), client(house)) as stream:
                await stream.send(b"at last")
                assert await stream.receive() == b"at last"

        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                group.start_soon(honest)
                await waiting.wait()
                await anyio.sleep(0.05)
                await stranger.aclose()


async def test_a_broken_connection_does_not_end_the_server(house: House) -> None:
    async with serving(house) as port:
        for _ in range(3):
            stream = await connect(house.target(port), client(house))
            await stream.send(b"x")
            await anyio.aclose_forcefully(stream._inner)
        await anyio.sleep(0.05)
        async with await connect(house.target(port), client(house)) as stream:
            await stream.send(b"still here")
            assert await stream.receive() == b"still here"


async def test_a_server_without_a_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="missing"):
        await serve(echo, "127.0.0.1", 0, Negotiate(Keytab(tmp_path / "missing")))


async def test_nobody_listening_is_named(house: House) -> None:
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1 port 1 .*Other/localhost"):
        await connect(Target("127.0.0.1", 1, OTHERS), client(house))


class Known:
    """A resolver of one's own: anything with this method."""

    def __init__(self, *targets: Target) -> None:
        self.targets = targets

    async def resolve(self, query: ServiceQuery, /) -> tuple[Target, ...]:
        assert query.service == "sockets"
        await anyio.lowlevel.checkpoint()
        return self.targets


async def test_connect_service_passes_over_what_cannot_be_reached(house: House) -> None:
    async with serving(house) as port:
        where = Known(Target("127.0.0.1", 1, TWO_PARTS), house.target(port, TWO_PARTS))
        async with await connect_service("sockets", where, client(house)) as stream:
            await stream.send(b"x")
            assert await stream.receive() == b"x"
    with pytest.raises(ConnectError, match="none of the 1 places of service 'sockets'"):
        await connect_service("sockets", Known(Target("127.0.0.1", 1, TWO_PARTS)), client(house))


async def test_connect_service_does_not_pass_over_an_impostor(house: House) -> None:
    async with (
        serving(house, mechanism=Negotiate(Keytab(house.other.keytab))) as impostor,
        serving(house) as port,
    ):
        where = Known(house.target(impostor), house.target(port))
        with pytest.raises((PeerRejected, MechanismError)):
            await connect_service("sockets", where, client(house))
