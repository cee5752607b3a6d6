"""A small LDAP server: binds with :mod:`asyncauth.sasl`, says who one is, and finds the same entries for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from asyncauth import AsyncAuthError, ConnectionInfo
from asyncauth.mechanisms import Kerberos, Keytab, Negotiate
from asyncauth.sasl import SaslServer

from ...layers import Stream
from . import messages as ldap
from .messages import Bind, Element
from .wire import Plain, listening

__all__ = ["LdapServer"]

_KINDS: dict[str, type[Kerberos | Negotiate]] = {"GSSAPI": Kerberos, "GSS-SPNEGO": Negotiate}


class LdapServer:
    """What it was asked, and by whom.

    :param entries: what every search finds: a name and its description
    :param options: for :class:`SaslServer`
    """

    def __init__(self, keytab: Path, entries: dict[str, bytes] | None = None, **options: Any) -> None:
        self._mechanisms = {name: kind(Keytab(keytab)) for name, kind in _KINDS.items()}
        self._entries = entries or {}
        self._options = options
        self.port = 0
        self.infos: list[ConnectionInfo] = []
        self.exchanges: list[SaslServer] = []
        self.errors: list[AsyncAuthError] = []
        """Why clients were refused or lost."""
        self.ended = anyio.Event()
        """The first connection is over."""
        self.largest = 0
        """The most bytes of a request."""

    @asynccontextmanager
    async def serving(self, layer: str) -> AsyncIterator[LdapServer]:
        async with listening(layer, self._handle) as self.port:
            yield self

    async def _handle(self, plain: Plain) -> None:
        connection = _Connection(self, plain)
        try:
            await connection.serve()
        except AsyncAuthError as error:
            self.errors.append(error)
        finally:
            with anyio.CancelScope(shield=True):
                await connection.close()
            self.ended.set()

    def exchange(self, mechanism: str) -> SaslServer:
        self.exchanges.append(SaslServer(self._mechanisms[mechanism], **self._options))
        return self.exchanges[-1]

    def answers(self, operation: Element, info: ConnectionInfo | None) -> list[Element]:
        """The responses to a request."""
        self.largest = max(self.largest, len(operation.content))
        if operation.tag == ldap.EXTENDED:
            name = (info.authzid or str(info.peer)) if info else ""
            return [ldap.result(ldap.EXTENDED_RESPONSE, ldap.SUCCESS, value=f"u:{name}".encode())]
        assert operation.tag == ldap.SEARCH, operation
        found = [ldap.entry(dn, {"description": [text]}) for dn, text in self._entries.items()]
        return [*found, ldap.result(ldap.SEARCH_DONE, ldap.SUCCESS)]


class _Connection:
    def __init__(self, server: LdapServer, plain: Plain) -> None:
        self._server = server
        self._plain = plain
        self._stream: Stream | None = None
        self._exchange: SaslServer | None = None
        self._rest = b""

    async def serve(self) -> None:
        while data := await (self._stream or self._plain).receive():
            messages, self._rest = ldap.cut(self._rest + data)
            for number, operation in messages:
                if operation.tag == ldap.UNBIND:
                    return
                if operation.tag == ldap.BIND:
                    await self._bind(number, Bind.parse(operation))
                else:
                    info = self._stream.info if self._stream else None
                    await self._answer(number, *self._server.answers(operation, info))

    async def close(self) -> None:
        await (self._stream or self._plain).abort()

    async def _bind(self, number: int, request: Bind) -> None:
        self._exchange = self._exchange or self._server.exchange(request.mechanism)
        try:
            token = await self._exchange.challenge(request.credentials)
        except AsyncAuthError as error:
            refusal = ldap.result(ldap.BIND_RESPONSE, ldap.INVALID_CREDENTIALS, type(error).__name__)
            await self._answer(number, refusal)
            raise
        code = ldap.SUCCESS if self._exchange.complete else ldap.IN_PROGRESS
        value = token if token or not self._exchange.complete else None
        await self._answer(number, ldap.result(ldap.BIND_RESPONSE, code, value=value))
        if self._exchange.complete:
            self._stream = await self._plain.adopt(self._exchange.connection, self._rest)
            self._server.infos.append(self._stream.info)
            self._rest, self._exchange = b"", None

    async def _answer(self, number: int, *operations: Element) -> None:
        await (self._stream or self._plain).send(b"".join(ldap.message(number, one) for one in operations))
