"""The demo's service and its client: two tasks that talk over TCP, and what can be seen of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import Listener, SocketStream

from .._anyio._listener import AuthenticatedListener
from .._anyio._stream import AuthenticatedStream
from .._errors import AsyncAuthError, IntegrityError
from ..mechanisms import CredentialCache, Keytab, Negotiate
from ._demo_wire import Recorder, hexed, messages, tokens
from ._krb5 import ticket_in
from ._output import reason_of

if TYPE_CHECKING:
    from pathlib import Path

    from .._spn import ServicePrincipalName
    from .._types import ConnectionInfo, Target
    from ..abc import Framing

__all__ = ["Client", "Service", "known"]

Facts = dict[str, object]

QUESTION = b"Who am I, and who are you?"
_SHOWN_BYTES = 24


class Service:
    """The service: tells each client who it is.

    :param framing: its wire format
    """

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self.clients: list[ConnectionInfo] = []
        self.refusals: list[AsyncAuthError] = []

    @asynccontextmanager
    async def serving(
        self, listener: Listener[SocketStream], keytab: Path, spn: ServicePrincipalName
    ) -> AsyncIterator[None]:
        """Serve while the context lasts, with the key of that SPN."""
        authenticated = AuthenticatedListener(
            listener,
            Negotiate(Keytab(keytab, spns=(spn,))),
            framing=self._framing,
            on_refused=lambda error, _: self.refusals.append(error),
        )
        await authenticated.prepare()
        async with authenticated, anyio.create_task_group() as group:
            group.start_soon(authenticated.serve, self._answer)
            yield
            group.cancel_scope.cancel()

    async def _answer(self, stream: AuthenticatedStream) -> None:
        self.clients.append(stream.info)
        async with stream:
            async for _ in stream:
                await stream.send(f"You are {stream.info.peer}. Nobody else can read this.".encode())


class Client:
    """The client: alice, with the ticket in her cache.

    :param cache: ``FILE:/path``
    """

    def __init__(self, framing: Framing, cache: str) -> None:
        self._framing = framing
        self._cache = cache
        self._wire: Recorder | None = None

    async def connect(self, target: Target) -> tuple[AuthenticatedStream, Facts]:
        """Connect and authenticate; what happened on the way."""
        self._wire = wire = Recorder(await anyio.connect_tcp(*target.dial))
        stream = await AuthenticatedStream.wrap(
            wire, Negotiate(CredentialCache(self._cache)), target=target, framing=self._framing
        )
        facts: Facts = {
            "ticket": self._ticket(str(target.spn)),
            "token sent": tokens(self._framing, bytes(wire.sent)),
            "token received": tokens(self._framing, bytes(wire.received)),
            "the client knows": known(stream.info),
        }
        wire.forget()
        return stream, facts

    def _ticket(self, spn: str) -> object:
        ticket = ticket_in(self._cache, spn)
        if ticket is None:
            return None
        ends = time.strftime("%H:%M:%S", time.localtime(ticket.ends))
        return [
            f"{ticket.service.removesuffix('@')}, for {ticket.client}",
            f"session key {ticket.session_key}, until {ends}",
        ]

    async def talk(self, stream: AuthenticatedStream) -> Facts:
        """Ask and get the answer, beside what an eavesdropper sees of them."""
        assert self._wire is not None
        async with stream:
            await stream.send(QUESTION)
            answer = await stream.receive()
            await stream.send_eof()
            rest = [data async for data in stream]
        assert not rest  # there is but one answer
        sent, received = bytes(self._wire.sent), bytes(self._wire.received)
        if QUESTION in sent or answer in received:
            raise IntegrityError("the demo's plaintext went over the wire unsealed")
        asked, *ends = messages(self._framing, sent)
        answered, *ends_there = messages(self._framing, received)
        return {
            "plaintext sent": QUESTION.decode(),
            "on the wire": hexed(asked, _SHOWN_BYTES),
            "plaintext received": answer.decode(),
            "on the wire there": hexed(answered, _SHOWN_BYTES),
            "end of data": f"sealed like data, {len(ends[0])} bytes each way"
            if ends and ends_there
            else "unmarked",
        }

    async def refused(self, target: Target) -> str | None:
        """Why no connection comes about; None if one does."""
        wire = Recorder(await anyio.connect_tcp(*target.dial))
        mechanism = Negotiate(CredentialCache(self._cache))
        try:
            stream = await AuthenticatedStream.wrap(wire, mechanism, target=target, framing=self._framing)
        except AsyncAuthError as error:
            return reason_of(error)
        await stream.aclose()
        return None


def known(info: ConnectionInfo) -> list[str]:
    """What one side knows of the other."""
    proof = "mutual" if info.mutual else "not mutual"
    return [str(info.peer), f"mechanism {info.mechanism}, {proof}, protection {info.protection.name.lower()}"]
