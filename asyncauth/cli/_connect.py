"""``asyncauth connect``: netcat with mutual authentication.

stdin goes to the service, what the service says goes to stdout, byte for byte. The end of stdin ends our half, under
protection; the service's end ends the program. Anything else that ends it, a stream cut off or altered above all, is
a failure: whatever came before must not be taken for the whole.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import BrokenResourceError, ClosedResourceError

from .._anyio._connect import connect, connect_service
from .._errors import AsyncAuthError, ConnectError
from .._setup import Setup
from ..discovery import Static
from . import _loop
from ._dump import DumpFile, dump_of
from ._options import credential, framing, mechanism, policy
from ._output import Output
from ._stdio import read_stdin, write_stdout
from ._tap import connect_tapped
from ._target import resolver_of

if TYPE_CHECKING:
    from .._anyio._stream import AuthenticatedStream

__all__ = ["run"]

_log = logging.getLogger("asyncauth.cli")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Connect, pass bytes both ways, 0 at the service's end."""
    netcat = Netcat(arguments, output)
    with dump_of(arguments, "client") as dump:
        _loop.run(partial(netcat.talk, dump))
    return 0


class Netcat:
    """One connection with stdin and stdout."""

    def __init__(self, arguments: argparse.Namespace, output: Output) -> None:
        self._arguments = arguments
        self._output = output
        self._mechanism = mechanism(arguments.mechanism, credential(arguments), mutual=arguments.mutual)
        self._sent = self._received = 0

    async def talk(self, dump: DumpFile | None = None) -> None:
        """Locate, connect, pass bytes.

        :param dump: where to write what passes
        """
        stream = await self._connect(dump)
        self._authenticated(stream)
        async with stream:
            await self._both_ways(stream)
        self._output.event("ended", sent=self._sent, received=self._received)

    async def _connect(self, dump: DumpFile | None) -> AuthenticatedStream:
        arguments = self._arguments
        async with resolver_of(arguments, self._mechanism) as (resolver, query):
            targets = await resolver.resolve(query)
        if dump is not None:
            return await connect_tapped(targets, self._setup(), dump)
        several = partial(connect_service, query, Static({query.service: targets}))
        return await (several if len(targets) > 1 else partial(connect, targets[0]))(
            mechanism=self._mechanism,
            framing=framing(arguments),
            require=policy(arguments),
            handshake_timeout=arguments.timeout,
            allow_unmarked_end=arguments.allow_unmarked_end,
        )

    def _setup(self) -> Setup:
        given = self._arguments
        return Setup.of(
            self._mechanism,
            framing(given),
            policy(given),
            True,
            given.timeout,
            None,
            given.allow_unmarked_end,
        )

    def _authenticated(self, stream: AuthenticatedStream) -> None:
        info = stream.info
        _log.info(
            "authenticated %s with %s, protection %s", info.target, info.mechanism, info.protection.name
        )
        self._output.event(
            "authenticated",
            peer=info.peer and info.peer.name,
            mechanism=info.mechanism,
            protection=info.protection.name.lower(),
            mutual=info.mutual,
            spn=str(info.target),
            framing=info.framing,
        )

    async def _both_ways(self, stream: AuthenticatedStream) -> None:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._send, stream)
                await self._receive(stream)
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            failure = _explained(_loop.only(errors), stream)
        else:
            return
        raise failure

    async def _send(self, stream: AuthenticatedStream) -> None:
        async for data in read_stdin():
            await stream.send(data)
            self._sent += len(data)
        await stream.send_eof()

    async def _receive(self, stream: AuthenticatedStream) -> None:
        async for data in stream:
            await write_stdout(data)
            self._received += len(data)


def _explained(error: BaseException, stream: AuthenticatedStream) -> BaseException:
    """anyio says that the stream broke; the cause says why."""
    if not isinstance(error, BrokenResourceError | ClosedResourceError):
        return error
    if isinstance(error.__cause__, AsyncAuthError):
        return error.__cause__
    reason = error.__cause__ or "closed by the other end"
    return ConnectError(
        f"the connection with {stream.info.target} broke: {reason}",
        fix="treat what was received as incomplete, and what was sent as perhaps not received",
    )
