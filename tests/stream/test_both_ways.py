"""Both ends send and receive at once, in any sizes, and every third receive is cancelled: nothing is lost, changed or
out of order. AD realm, TCP, all event loops."""

from __future__ import annotations

import hashlib
import random

import anyio
import pytest
from anyio import EndOfStream

from asyncauth import AuthenticatedStream, connect
from asyncauth.mechanisms import CredentialCache, Negotiate

from ..services import House
from .servers import serving, until

pytestmark = pytest.mark.anyio

SENDS = 150
SENT = (1, 3, 100, 256, 4_000, 20_000, 64_488, 70_000, 300_000)
ASKED = (1, 7, 1_000, 65_536, 200_000)


async def send_all(stream: AuthenticatedStream, chance: random.Random) -> str:
    """Send, and the hash of what was sent."""
    sent = hashlib.sha256()
    for _ in range(SENDS):
        data = chance.randbytes(chance.choice(SENT))
        await stream.send(data)
        sent.update(data)
        if chance.random() < 0.1:
            await anyio.sleep(chance.random() * 0.003)
    await stream.send_eof()
    return sent.hexdigest()


async def receive_all(stream: AuthenticatedStream, chance: random.Random) -> str:
    """Receive until the end, and the hash of what came."""
    received = hashlib.sha256()
    while True:
        seconds = chance.choice((0.0, 0.0001, 0.001)) if chance.random() < 0.3 else 10.0
        with anyio.move_on_after(seconds) as scope:
            try:
                received.update(await stream.receive(chance.choice(ASKED)))
            except EndOfStream:
                return received.hexdigest()
        assert not (scope.cancelled_caught and seconds == 10.0)


async def talk(stream: AuthenticatedStream, seed: int) -> tuple[str, str]:
    """Both at once: the hashes of what was sent, and of what came."""
    hashes = {}

    async def send() -> None:
        hashes["sent"] = await send_all(stream, random.Random(seed))  # noqa: S311 - the same each time

    async with anyio.create_task_group() as group:
        group.start_soon(send)
        hashes["received"] = await receive_all(stream, random.Random(seed + 1))  # noqa: S311
    await stream.aclose()
    return hashes["sent"], hashes["received"]


async def test_nothing_is_lost(house: House) -> None:
    at_server: dict[int, tuple[str, str]] = {}
    at_client: dict[int, tuple[str, str]] = {}

    async def handler(stream: AuthenticatedStream) -> None:
        (number,) = await stream.receive(1)
        at_server[number] = await talk(stream, 1_000 + 10 * number)

    async def client(port: int, number: int) -> None:
        stream = await connect(house.target(port), Negotiate(CredentialCache(house.cache)))
        await stream.send(bytes([number]))
        at_client[number] = await talk(stream, 2_000 + 10 * number)

    async with serving(house, handler) as port:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for number in range(4):
                    group.start_soon(client, port, number)
            await until(lambda: len(at_server) == len(at_client))
    assert len(at_client) == 4
    for number, (sent, received) in at_client.items():
        assert at_server[number] == (received, sent)
