"""What passes between a client and a server of ours, seen from the network."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import anyio
import anyio.to_thread
import pytest

from asyncauth import AsyncAuthError
from asyncauth.abc import Mechanism

from ..layers import Layer, Server, Stream
from ..peers.dotnet.relay import Relay
from ..services import TWO_PARTS, House

__all__ = ["Seen", "refusals", "say", "watched"]

SECONDS = 10


class Seen(NamedTuple):
    """Everything that one side sent, and the client's error."""

    client: bytes
    server: bytes
    error: AsyncAuthError | None


async def watched(
    layer: Layer,
    house: House,
    server: Server,
    alice: Mechanism,
    *,
    admitted: bool = False,
    spn: str = TWO_PARTS,
    **options: Any,
) -> Seen:
    """A client that says hello, if it comes so far; without ``admitted`` it must not be heard."""
    with Relay(server.port) as relay:
        error = None
        try:
            stream = await layer.connect(house.target(relay.port, spn), alice, **options)
        except AsyncAuthError as refused:
            error = refused
        else:
            error = await _goes_on(stream, server, admitted)
            await stream.abort()
        await anyio.to_thread.run_sync(relay.__exit__)
        sent = {">": b"", "<": b""}
        for chunk in relay.chunks:
            sent[chunk.sender] += chunk.data
    return Seen(sent[">"], sent["<"], error)


async def _goes_on(stream: Stream, server: Server, admitted: bool) -> AsyncAuthError | None:
    """Where a client is done first, it learns of its refusal by what it receives."""
    if admitted:
        await stream.send(b"hello")
        assert await (await server.next()).receive_exactly(5) == b"hello"
        return None
    try:
        with anyio.fail_after(SECONDS):
            pytest.fail(f"a refused client received {await stream.receive()!r}")
    except AsyncAuthError as refused:
        return refused


async def refusals(server: Server, count: int = 1) -> list[AsyncAuthError]:
    """The errors of refused clients, which may come a moment after the clients know."""
    with anyio.fail_after(SECONDS):
        while len(server.refused) < count:  # noqa: ASYNC110 - it is a list
            await anyio.sleep(0.005)
    return server.refused


async def say(port: int, data: bytes) -> bytes:
    """Say something to a server, and all that it answers until it closes."""
    return await anyio.to_thread.run_sync(partial(_say, port, data))


def _say(port: int, data: bytes) -> bytes:
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        connection.sendall(data)
        with suppress(ConnectionResetError):
            while more := connection.recv(65_536):
                answer += more
    return answer
