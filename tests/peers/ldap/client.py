"""An LDAP client of the tests' own: the bind is :mod:`asyncauth.sasl`'s, the rest is BER."""

from __future__ import annotations

from typing import Self

import anyio

from asyncauth.sasl import SaslClient

from ...layers import Stream
from . import messages as ldap
from .messages import Element, Message, Result
from .wire import Plain, connect

__all__ = ["Client", "Refused"]

SECONDS = 20


class Refused(Exception):
    """The server's answer to a bind."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


class Client:
    """A connection; ``async with await Client.connect(...)``."""

    def __init__(self, plain: Plain) -> None:
        self._plain = plain
        self._stream: Stream | None = None
        self._rest = b""
        self._number = 0
        self.binds: list[Result] = []
        """The answers to bind requests."""

    @classmethod
    async def connect(cls, layer: str, host: str, port: int) -> Self:
        return cls(await connect(layer, host, port))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await (self._stream or self._plain).abort()

    async def bind(self, exchange: SaslClient) -> Self:
        """Authenticate, and go on under the layer.

        :raises Refused: the server said no
        """
        with anyio.fail_after(SECONDS):
            answer = await self._try(exchange.name, await exchange.initial())
            while answer.code == ldap.IN_PROGRESS:
                answer = await self._try(exchange.name, await exchange.respond(answer.value or b""))
            if answer.code != ldap.SUCCESS:
                raise Refused(answer)
            connection = await exchange.succeed(answer.value)
        self._stream = await self._plain.adopt(connection, self._rest)
        self._rest = b""
        return self

    @property
    def stream(self) -> Stream:
        """The protected one, after the bind."""
        assert self._stream is not None
        return self._stream

    async def who_am_i(self) -> str:
        (answer,) = await self.ask(ldap.who_am_i())
        result = Result.parse(answer)
        assert result.code == ldap.SUCCESS, result
        return (result.value or b"").decode()

    async def search(
        self, base: str, attribute: str, value: str | None = None, scope: int = 2, returned: str | None = None
    ) -> dict[str, list[bytes]]:
        """The entries found: the attribute's values by the entries' names."""
        *entries, done = await self.ask(ldap.search(base, attribute, value, scope, returned))
        assert Result.parse(done).code == ldap.SUCCESS, Result.parse(done)
        return dict(ldap.read_entry(found) for found in entries if found.tag == ldap.ENTRY)

    async def add(self, dn: str, attributes: dict[str, list[bytes]]) -> None:
        (answer,) = await self.ask(ldap.add(dn, attributes))
        assert Result.parse(answer).code == ldap.SUCCESS, Result.parse(answer)

    async def ask(self, operation: Element) -> list[Element]:
        """A request and its answers."""
        self._number += 1
        with anyio.fail_after(SECONDS):
            await (self._stream or self._plain).send(ldap.message(self._number, operation))
            answers: list[Element] = []
            while not answers or answers[-1].tag in (ldap.ENTRY, ldap.REFERENCE):
                answers += [found.operation for found in await self._messages()]
        return answers

    async def _try(self, mechanism: str, credentials: bytes) -> Result:
        (answer,) = await self.ask(ldap.bind(mechanism, credentials))
        self.binds.append(Result.parse(answer))
        return self.binds[-1]

    async def _messages(self) -> list[Message]:
        while True:
            found, self._rest = ldap.cut(self._rest)
            if found:
                return found
            data = await (self._stream or self._plain).receive()
            assert data, "the server has closed the connection"
            self._rest += data
