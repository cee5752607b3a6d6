"""A framing that answers by itself (gss-sample): the answers go out, stay bounded, and are waited for at the close."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asyncauth import IntegrityError
from asyncauth.framings import GssSample
from asyncauth.testing import ScriptedMechanism

from .pipes import Pipe
from .tools import Echo, Recorder, piped, until

pytestmark = pytest.mark.anyio
ANSWER = 5 + 16  # of the scripted mechanism


async def talking(client: Recorder, server: Recorder, **options: Any) -> tuple[Pipe, Pipe]:
    framing = GssSample(limit=172)  # 100 bytes a message
    mechanism = ScriptedMechanism()
    return await piped(
        mechanism, mechanism, client, server, framing=framing, allow_unmarked_end=True, **options
    )


def unanswered(protocol: Recorder) -> int:
    return protocol.transport._session.engine.unanswered


async def test_answers_need_no_word_of_the_application() -> None:
    client, server = Recorder(), Recorder()
    await talking(client, server)
    client.transport.write(bytes(1000))
    await until(lambda: len(server.data) == 1000)
    await until(lambda: unanswered(client) == 0)
    assert client.calls == ["made"]


async def test_answers_and_data_of_one_delivery_leave_together() -> None:
    client, server = Recorder(), Echo()
    _, there = await talking(client, server)
    before = len(there.writes)
    client.transport.write(b"hello")
    await until(lambda: client.data == b"hello")
    assert len(there.writes) == before + 1
    assert unanswered(client) == 0


async def test_a_client_that_does_not_take_its_answers_is_not_read_from() -> None:
    client, server = Recorder(), Recorder()
    here, there = await talking(client, server)
    there.stuck = True
    here.set_write_buffer_limits(2**30, 2**30)
    for _ in range(100):
        client.transport.write(bytes(10_000))
        await asyncio.sleep(0)
    await until(lambda: not there.reading)
    heard = len(server.data)
    assert heard < 1_000_000
    assert there.get_write_buffer_size() < 2 * 65_536
    await asyncio.sleep(0.02)
    assert len(server.data) == heard
    there.unstick()
    await until(lambda: len(server.data) == 1_000_000)
    await until(lambda: unanswered(client) == 0)


async def test_closing_waits_for_the_answers_and_no_longer() -> None:
    client, server = Recorder(), Recorder()
    here, _ = await talking(client, server)
    client.transport.write(bytes(1000))
    client.transport.close()
    client.transport.close()
    assert client.transport.is_closing()
    assert not here.is_closing()
    async with asyncio.timeout(0.5):
        await until(lambda: client.lost)
    assert client.lost == [None]
    assert server.data == bytes(1000)
    await until(lambda: server.lost)
    assert server.lost == [None]


async def test_closing_waits_a_second_for_a_server_that_does_not_answer() -> None:
    client, server = Recorder(), Recorder()
    await talking(client, server)
    server.transport.pause_reading()
    client.transport.write(b"hello")
    started = asyncio.get_running_loop().time()
    client.transport.close()
    await until(lambda: client.lost)
    assert 0.9 < asyncio.get_running_loop().time() - started < 2
    assert client.lost == [None]
    server.transport.abort()
    await until(lambda: server.lost)


async def test_a_server_that_goes_away_meanwhile() -> None:
    client, server = Recorder(), Recorder()
    await talking(client, server)
    server.transport.pause_reading()
    client.transport.write(b"hello")
    client.transport.close()
    await asyncio.sleep(0.01)
    server.transport.abort()
    async with asyncio.timeout(0.5):
        await until(lambda: client.lost)
    await until(lambda: server.lost)


async def test_a_wrong_answer_to_the_last_words_is_told() -> None:
    client, server = Recorder(), Recorder()
    _, there = await talking(client, server)
    there.stuck = True
    client.transport.write(b"hello")
    await until(lambda: server.data == b"hello")
    await until(lambda: there.get_write_buffer_size() == ANSWER)
    client.transport.close()
    there._unsent[-1] ^= 1
    there.unstick()
    await until(lambda: client.lost)
    assert isinstance(client.lost[0], IntegrityError)
    await until(lambda: server.lost)


async def test_abort_waits_for_nothing() -> None:
    client, server = Recorder(), Recorder()
    here, _ = await talking(client, server)
    server.transport.pause_reading()
    client.transport.write(b"hello")
    await asyncio.sleep(0)
    client.transport.abort()
    assert here.is_closing()
    await until(lambda: client.lost)
    server.transport.abort()
    await until(lambda: server.lost)
