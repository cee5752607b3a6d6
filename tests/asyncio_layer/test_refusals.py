"""Peers that cannot, may not or should not: what each side hears, before the application sees anything."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from asyncauth import (
    AsyncAuthError,
    ConnectError,
    CredentialError,
    FrameTooLarge,
    MechanismError,
    PeerRejected,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    Target,
    TargetError,
    TruncatedStream,
)
from asyncauth.abc import Framing
from asyncauth.asyncio import create_connection, open_connection, start_auth
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import OTHERS, TWO_PARTS, House
from .pipes import pipe
from .tools import SCRIPTED, Echo, Recorder, never, raw_client, raw_server, serving, talk, until

pytestmark = pytest.mark.anyio
framings = pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])


@framings
async def test_the_ticket_of_another_account_is_refused_at_both_ends(
    house: House, alice: Negotiate, sockauth: Negotiate, framing: Framing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "asyncauth")
    async with serving(never, sockauth, framing=framing) as run:
        with pytest.raises((PeerRejected, TargetError), match=OTHERS):
            await create_connection(never, house.target(run.port, OTHERS), alice, framing=framing)
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], TargetError)
    [line] = [record.getMessage() for record in caplog.records if record.name == "asyncauth"]
    assert "\n" not in line
    assert "127.0.0.1:" in line
    assert house.service.keytab.name in line
    assert str(run.refused[0]) in line


@framings
async def test_an_impostor_gets_no_byte(house: House, alice: Negotiate, framing: Framing) -> None:
    """A server with a key, but not that of the SPN."""
    async with serving(never, Negotiate(Keytab(house.other.keytab)), framing=framing) as run:
        with pytest.raises((PeerRejected, MechanismError)):
            await create_connection(never, house.target(run.port), alice, framing=framing)
        await until(lambda: run.refused)


@framings
async def test_too_little_protection_is_refused_at_both_ends(
    house: House, alice: Negotiate, sockauth: Negotiate, framing: Framing
) -> None:
    async with serving(never, sockauth, framing=framing) as run:
        with pytest.raises((PeerRejected, TruncatedStream)):
            await create_connection(
                never, house.target(run.port), alice, framing=framing, require=Protection.SIGN
            )
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], ProtectionError)
    assert "alice@EXAMPLE.TEST" in str(run.refused[0])


async def test_a_server_that_is_not_mutual_is_refused(house: House) -> None:
    """Only a mechanism that says so by itself can be made to do this."""
    lax = ScriptedMechanism(mutual=False)
    async with serving(Recorder, lax, mutual=False) as run:
        with pytest.raises(ProtectionError, match="did not prove that it is"):
            await create_connection(never, house.target(run.port, SCRIPTED), lax)
        _, client = await create_connection(Recorder, house.target(run.port, SCRIPTED), lax, mutual=False)
        client.transport.close()
        await until(lambda: client.lost)


async def test_an_unknown_spn_and_missing_credentials_are_named(
    house: House, alice: Negotiate, sockauth: Negotiate, tmp_path: Path
) -> None:
    async with serving(Echo, sockauth) as run:
        with pytest.raises(TargetError, match=r"nobody/knows\.this"):
            await create_connection(never, house.target(run.port, "nobody/knows.this"), alice)
        nobody = Negotiate(CredentialCache(f"FILE:{tmp_path}/none"))
        with pytest.raises(CredentialError, match="none"):
            await open_connection(house.target(run.port), nobody)
        await until(lambda: len(run.refused) == 2)
        assert {type(error) for error in run.refused} == {PeerRejected}
        await talk(run, house.target(run.port), alice)


async def test_nobody_listening_is_named(house: House, alice: Negotiate) -> None:
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1 port 1 .*Other/localhost"):
        await create_connection(never, Target("127.0.0.1", 1, OTHERS), alice)


@framings
async def test_garbage_disturbs_nobody(
    house: House, alice: Negotiate, sockauth: Negotiate, framing: Framing
) -> None:
    async with serving(Echo, sockauth, framing=framing) as run:
        for garbage in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01" + bytes(200),
            b"\xff" * 5000,
            b"",
            b"\x16",
        ):
            await raw_client(run.port, *([garbage] if garbage else []), eof=True)
        await until(lambda: len(run.refused) == 5)
        assert not run.protocols
        assert {type(error) for error in run.refused} <= {
            RemoteProtocolError,
            FrameTooLarge,
            TruncatedStream,
            MechanismError,
        }
        transport, client = await create_connection(Recorder, house.target(run.port), alice, framing=framing)
        transport.write(b"x")
        await until(lambda: client.data)


async def test_a_refusal_is_said_before_the_connection_is_closed(sockauth: Negotiate) -> None:
    """A token that is none: the server's error message arrives, and then the end."""
    async with serving(never, sockauth) as run:
        answer = await raw_client(run.port, b"\x16\x01\x00\x00\x05token")
        assert answer[:5] == b"\x15\x01\xa1\x00\x08"
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], MechanismError)


async def test_the_last_words_of_a_refusal_may_take_until_the_deadline(sockauth: Negotiate) -> None:
    """A peer that does not read gets them late, or never; the socket is closed in either case."""
    for patience in (5, 0.05):
        here, there = pipe()
        here.protocol, server = Recorder(), Recorder()
        here.protocol.calls.append("made")
        there.stuck = True
        token = b"\x16\x01\x00\x00\x05token"
        upgrading = asyncio.create_task(
            start_auth(there, server, sockauth, server_side=True, received=token, handshake_timeout=patience)
        )
        await asyncio.sleep(0.01)
        assert not upgrading.done()
        if patience == 5:
            there.unstick()
        with pytest.raises(MechanismError):
            await upgrading
        await asyncio.sleep(0.001)
        assert bool(here.protocol.data) is (patience == 5)


async def test_a_frame_beyond_the_limit_is_refused_unread(sockauth: Negotiate) -> None:
    async with serving(never, sockauth, framing=Winsock()) as run:
        assert await raw_client(run.port, (2**31).to_bytes(4, "little")) == b""
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], FrameTooLarge)
    assert "2147483648 bytes" in str(run.refused[0])


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x14\x01\x00\xff\xff", b"\x15\x01\x00\x00\x00", b""]
)
async def test_a_server_that_speaks_something_else_is_an_error(
    house: House, alice: Negotiate, said: bytes
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(said)
        writer.close()

    async with raw_server(handle) as port:
        with pytest.raises((RemoteProtocolError, PeerRejected)):
            await create_connection(never, house.target(port, TWO_PARTS), alice)


async def test_a_reset_during_the_handshake_is_an_error_of_ours(house: House, alice: Negotiate) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        writer.transport.abort()  # with the token unread, so that it resets

    async with raw_server(handle) as port:
        with pytest.raises(AsyncAuthError, match=TWO_PARTS):
            await create_connection(never, house.target(port, TWO_PARTS), alice)
