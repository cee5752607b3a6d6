"""Raw transports that are full when they are taken over."""

from __future__ import annotations

import asyncio

import pytest

from asyncauth.asyncio import start_auth
from asyncauth.framings import Winsock
from asyncauth.mechanisms import Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import TWO_PARTS
from .pipes import Pipe, pipe
from .tools import Recorder, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("left", [10, 30_000, 100_000])
async def test_a_pause_from_before_a_client_s_upgrade_is_lifted(
    alice: Negotiate, sockauth: Negotiate, left: int
) -> None:
    """The application was told to pause by the raw transport; whoever takes that over owes it the resume."""
    here, there = pipe()
    client, server = Recorder(), Recorder()
    fill(here, client, there, server, left)
    upgrading = asyncio.create_task(start_auth(here, client, alice, target=TWO_PARTS))
    await asyncio.sleep(0.01)
    here.unstick()
    await until(lambda: len(server.data) > 100_000)
    token = bytes(server.data[100_000:])
    server.transport = await start_auth(there, server, sockauth, server_side=True, received=token)
    client.transport = await upgrading
    assert client.calls == ["made", "pause", "resume"]
    server.data.clear()
    client.transport.write(b"z" * 200_000)
    await until(lambda: len(server.data) == 200_000)
    assert client.calls == ["made", "pause", "resume", "pause", "resume"]


@pytest.mark.parametrize("left", [30_000, 100_000])
async def test_a_pause_from_before_a_server_s_upgrade_is_lifted(left: int) -> None:
    """The server's token waits behind its plain bytes, and it is done all the same. With 30,000 bytes left, one
    cannot see from outside that the raw transport has paused its protocol."""
    here, there = pipe()
    server = Recorder()
    fill(there, server, here, Recorder(), left)
    token = b"token 0".ljust(32, b".")
    server.transport = await start_auth(
        there,
        server,
        ScriptedMechanism(),
        server_side=True,
        framing=Winsock(),
        received=len(token).to_bytes(4, "little") + token,
    )
    await asyncio.sleep(0.001)
    assert server.calls == ["made", "pause"]
    if left > 65_536:
        server.transport.write(b"z" * 100_000)
        await asyncio.sleep(0.01)
        assert there.get_write_buffer_size() < left + 100  # nothing is sealed ahead
    there.unstick()
    await until(lambda: server.transport.get_write_buffer_size() == 0)
    assert server.calls == ["made", "pause", "resume"]
    server.transport.abort()


async def test_a_raw_transport_filled_by_the_handshake_itself() -> None:
    """Its last token does not go out at once: the application is made to wait from the beginning."""
    here, there = pipe()
    here.protocol = Recorder()
    here.protocol.calls.append("made")
    server = Recorder()
    there.set_write_buffer_limits(10, 0)
    there.stuck = True
    token = b"token 0".ljust(32, b".")
    frame = len(token).to_bytes(4, "little") + token
    server.transport = await start_auth(
        there, server, ScriptedMechanism(), server_side=True, framing=Winsock(), received=frame
    )
    assert server.calls == ["pause"]
    server.transport.write(b"z" * 1000)
    await asyncio.sleep(0.001)
    assert there.get_write_buffer_size() == 36
    there.unstick()
    await until(lambda: len(here.protocol.data) > 1000)
    assert server.calls == ["pause", "resume"]
    server.transport.abort()


def fill(stuck: Pipe, paused: Recorder, other: Pipe, heard: Recorder, left: int) -> None:
    """Let a protocol write in the clear until its transport pauses it, and pass on all but some of that."""
    stuck.protocol, other.protocol = paused, heard
    paused.calls.append("made")
    heard.calls.append("made")
    stuck.stuck = True
    stuck.write(b"p" * 100_000)
    assert paused.calls == ["made", "pause"]
    stuck.pass_on(100_000 - left)
