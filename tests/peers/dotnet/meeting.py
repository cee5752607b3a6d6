"""A .NET program, one of our layers, and the realm that both are in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio

from asyncauth import Protection
from asyncauth.abc import Mechanism
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate

from ...layers import Layer, Stream
from ...services import TWO_PARTS, House
from .program import Answer, DotNet, DotNetError

__all__ = ["LEVELS", "Meeting", "Outcome", "Theirs", "outcome", "pattern"]

LEVELS = {Protection.NONE: "None", Protection.SIGN: "Sign", Protection.SEAL: "EncryptAndSign"}
PERIOD = 65_521

Through = Callable[[int], int]
"""From the listening port to the one that the client shall dial."""


def pattern(seed: int, size: int) -> bytes:
    """The bytes that Peer.cs makes of that seed."""
    block = bytes((k * (k + seed) >> 3) & 0xFF for k in range(min(PERIOD, size)))
    return (block * (size // PERIOD + 1))[:size]


class Theirs:
    """.NET's end of a connection.

    :param properties: what it says of itself
    """

    def __init__(self, dotnet: DotNet, properties: Answer) -> None:
        self._dotnet = dotnet
        self.properties = properties

    async def ask(self, do: str, **what: Any) -> Answer:
        return await self._dotnet.ask(do, stream=self.properties["stream"], **what)

    async def write(self, size: int, seed: int = 0, **what: Any) -> None:
        await self.ask("write", size=size, seed=seed, **what)

    async def read(self, size: int, seed: int = 0, **what: Any) -> Answer:
        """Read until there are so many bytes, or the end; compare them with the pattern."""
        return await self.ask("read", size=size, seed=seed, **what)

    async def close(self, **what: Any) -> None:
        await self.ask("close", **what)


@dataclass
class Outcome:
    """What became of an attempt."""

    value: Any = None
    error: Exception | None = None


async def outcome(into: Outcome, attempt: Callable[[], Any]) -> None:
    """Await it, and keep the result or the exception."""
    try:
        into.value = await attempt()
    except Exception as error:  # noqa: BLE001 - it is what the test looks at
        into.error = error


@dataclass(frozen=True)
class Meeting:
    """See the head of this file."""

    name: str
    dotnet: DotNet
    layer: Layer
    house: House

    @property
    def net31(self) -> bool:
        """.NET Core 3.1, from before NegotiateStream was written anew."""
        return self.name == "net31"

    @property
    def managed(self) -> bool:
        """With .NET's own SPNEGO and NTLM."""
        return self.name == "net80managed"

    @property
    def alice(self) -> Negotiate:
        return Negotiate(CredentialCache(self.house.cache))

    @property
    def sockauth(self) -> Negotiate:
        return Negotiate(Keytab(self.house.service.keytab))

    @asynccontextmanager
    async def conversation(
        self, direction: str, through: Through = int, level: str = "EncryptAndSign", **ours: Any
    ) -> AsyncIterator[tuple[Stream, Theirs]]:
        """A connection, .NET's end closed afterwards.

        :param direction: ``our_server`` or ``our_client``
        :param level: .NET's ProtectionLevel
        :param ours: options of ours
        """
        talk = self.to_our_server if direction == "our_server" else self.to_their_server
        async with talk(through, level, **ours) as (mine, theirs):
            yield mine, theirs
            await theirs.close()

    @asynccontextmanager
    async def to_our_server(
        self, through: Through, level: str, **ours: Any
    ) -> AsyncIterator[tuple[Stream, Theirs]]:
        async with self.layer.serving(self.sockauth, **ours) as server:
            theirs = await self.their_client(through(server.port), level=level)
            yield await server.next(), theirs

    @asynccontextmanager
    async def to_their_server(
        self, through: Through, level: str, **ours: Any
    ) -> AsyncIterator[tuple[Stream, Theirs]]:
        there, here = Outcome(), Outcome()
        listener = await self.dotnet.ask("listen")
        async with anyio.create_task_group() as group:
            group.start_soon(outcome, there, lambda: self.their_server(listener, level=level))
            group.start_soon(outcome, here, lambda: self.our_client(through(listener["port"]), **ours))
        for failed in (here, there):
            if failed.error is not None:
                raise failed.error
        mine: Stream = here.value
        try:
            yield mine, there.value
        finally:
            await mine.abort()

    async def our_client(
        self, port: int, spn: str = TWO_PARTS, mechanism: Mechanism | None = None, **options: Any
    ) -> Stream:
        return await self.layer.connect(self.house.target(port, spn), mechanism or self.alice, **options)

    async def their_client(self, port: int, spn: str = TWO_PARTS, **what: Any) -> Theirs:
        return Theirs(self.dotnet, await self.dotnet.ask("connect", port=port, spn=spn, **what))

    async def their_server(self, listener: Answer, **what: Any) -> Theirs:
        return Theirs(self.dotnet, await self.dotnet.ask("accept", listener=listener["listener"], **what))

    async def refused_by_our_server(
        self, server: dict[str, Any], through: Through = int, **client: Any
    ) -> tuple[Exception, DotNetError]:
        """Let .NET connect to our server, which must not take it; the two ends' errors."""
        async with self.layer.serving(server.pop("mechanism", self.sockauth), **server) as run:
            there = Outcome()
            await outcome(there, lambda: self.their_client(through(run.port), **client))
            assert isinstance(there.error, DotNetError)
            with anyio.fail_after(5):
                while not run.refused:  # noqa: ASYNC110 - it is on its way
                    await anyio.sleep(0.001)
            return run.refused[0], there.error

    async def refused_with_their_server(
        self, server: dict[str, Any], through: Through = int, **client: Any
    ) -> tuple[Exception, DotNetError]:
        """Connect to .NET's server; one end must not like it; the two ends' errors."""
        listener = await self.dotnet.ask("listen")
        there, here = Outcome(), Outcome()
        async with anyio.create_task_group() as group:
            group.start_soon(outcome, there, lambda: self.their_server(listener, **server))
            group.start_soon(outcome, here, lambda: self.our_client(through(listener["port"]), **client))
        assert here.error is not None
        assert isinstance(there.error, DotNetError)
        return here.error, there.error
