"""asyncio's streams with pyspnego's contexts: what one writes without asyncauth, in the simplest way that is right.

Negotiate with Kerberos, mutual, sealed; a length of four bytes before each token and each message. Steps run on the
loop: this is as fast as it gets, and it stands still while a KDC does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import spnego

from .._spn import ServicePrincipalName
from ._common import HOST, LARGE, BenchmarkError, Tally

if TYPE_CHECKING:
    from ._settings import Settings
    from ._wires import OnStreams, Streams

__all__ = ["SpnegoWire"]

_FLAGS = spnego.ContextReq.mutual_auth | spnego.ContextReq.confidentiality | spnego.ContextReq.integrity


class SpnegoWire:
    """For the family of streams."""

    greets = False

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self._settings = settings
        self.tally = tally
        spn = ServicePrincipalName.parse(settings.spn)
        self._host, self._service = spn.host, spn.service_class

    def verify(self, connection: Any) -> None:
        self.tally.handshakes += 1
        context = connection.context
        if not (context.complete and context.context_attr & spnego.ContextReq.mutual_auth):
            raise BenchmarkError("a pyspnego context that is not complete, or not mutual")
        if context.negotiated_protocol != "kerberos":
            raise BenchmarkError(f"pyspnego has agreed on {context.negotiated_protocol}")

    async def open_connection(self) -> Streams:
        reader, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
        context = spnego.client(
            hostname=self._host, service=self._service, protocol="negotiate", context_req=_FLAGS
        )
        await _initiate(context, reader, writer)
        return _Reader(context, reader), _Writer(context, writer)

    async def start_server(self, handle: OnStreams, port: int) -> Any:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                context = spnego.server(
                    hostname=self._host, service=self._service, protocol="negotiate", context_req=_FLAGS
                )
                await _accept(context, reader, writer)
            except Exception as error:  # noqa: BLE001 - the tally's business
                self.tally.refused(error, writer.get_extra_info("peername"))
                writer.close()
                return
            await handle(_Reader(context, reader), _Writer(context, writer))

        return await asyncio.start_server(accept, HOST, port, reuse_port=True)

    def _none(self, *_: object) -> Any:
        raise BenchmarkError("the pyspnego peer is made of streams")

    create_connection: Callable[..., Any] = _none
    create_server: Callable[..., Any] = _none
    connect: Callable[..., Any] = _none
    serve: Callable[..., Any] = _none


class _Reader:
    def __init__(self, context: spnego.ContextProxy, inner: asyncio.StreamReader) -> None:
        self._context = context
        self._inner = inner

    async def read(self, _: int = LARGE) -> bytes:
        """A message; no bytes at the end."""
        try:
            frame = await _received(self._inner)
        except asyncio.IncompleteReadError:
            return b""
        opened = self._context.unwrap(frame)
        if not opened.encrypted:
            raise BenchmarkError("pyspnego has opened a message that was not sealed")
        return opened.data


class _Writer:
    def __init__(self, context: spnego.ContextProxy, inner: asyncio.StreamWriter) -> None:
        self.context = context
        self._inner = inner
        self.drain = inner.drain
        self.close = inner.close
        self.wait_closed = inner.wait_closed
        self.transport = inner.transport

    def write(self, data: bytes) -> None:
        _send(self._inner, self.context.wrap(data, encrypt=True).data)


async def _initiate(context: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    token = context.step()
    while token:
        _send(writer, token)
        if context.complete:
            break
        token = context.step(await _received(reader))


async def _accept(context: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not context.complete:
        if token := context.step(await _received(reader)):
            _send(writer, token)


def _send(writer: asyncio.StreamWriter, token: bytes) -> None:
    writer.write(len(token).to_bytes(4, "big") + token)


async def _received(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
