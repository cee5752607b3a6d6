"""The authenticated stream, for anyio: a ByteStream round a ByteStream.

It forwards between the engine and the stream beneath, and adds just four things that an engine cannot know: where a
step runs, how long the handshake may take, what a cancelled call leaves behind, and when other tasks have their turn.

*Receiving.* Nothing is taken from the engine before it is asked for, and nothing that was taken is dropped: a
cancelled ``receive`` has either returned its data or left it for the next call. One that need not wait lets other
tasks run only when the turn has been long enough (``_turns``), and so does ``send``.

*Sending* and *answering* are in ``_outgoing``.

*Ending.* ``send_eof`` and ``aclose`` say under protection that this was the end. Leaving ``async with`` by an
exception does not: a handler that failed half-way must not look to the peer like one that was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import anyio
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, ResourceGuard
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint_if_cancelled
from anyio.streams.tls import TLSAttribute

from .. import _defaults
from .._errors import AsyncAuthError, LocalProtocolError
from .._setup import Setup, spn_of
from .._types import Limits, Policy, Protection, Target
from ..engine import DataReceived, EndOfData
from ._attributes import attributes_of
from ._exchange import close, exchange_tokens, last_words, receive_into, receive_ready
from ._outgoing import Outgoing
from ._sockets import address_of, prompt_of
from ._turns import share_turn
from ._within import within

if TYPE_CHECKING:
    from .._spn import ServicePrincipalName
    from .._types import ConnectionInfo
    from ..abc import Framing, Mechanism
    from ..engine import Connection

__all__ = ["AuthenticatedStream"]

T = TypeVar("T")
_READ_COUNTS = 32_768
"""Bytes that a read without waiting counts as, so that messages that hold nothing cannot keep the loop."""


class AuthenticatedStream(ByteStream):
    """A byte stream whose ends have proved who they are, and whose bytes are protected.

    Made by :meth:`wrap`, :func:`asyncauth.connect` or a listener, so that nobody ever holds one whose handshake
    is not done. Once open it raises anyio's exceptions, with ours as their cause: ``BrokenResourceError`` from
    IntegrityError or TruncatedStream, ``EndOfStream`` for the authenticated end, ``ClosedResourceError``.
    """

    def __init__(self, inner: ByteStream, connection: Connection, info: ConnectionInfo) -> None:
        """Not for applications."""
        self._inner = inner
        self._connection = connection
        self._info = info
        self._rest = b""
        self._closed = False
        self._outgoing = Outgoing(inner, connection)
        self._receiving = ResourceGuard("receiving from")

    @classmethod
    async def wrap(
        cls,
        inner: ByteStream,
        mechanism: Mechanism | None = None,
        *,
        target: Target | ServicePrincipalName | str | None = None,
        framing: Framing | None = None,
        require: Protection | Policy = Protection.SEAL,
        mutual: bool = True,
        handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
        limits: Limits | None = None,
        allow_unmarked_end: bool = False,
    ) -> Self:
        """Authenticate on a stream that is already there; also in the middle of its life.

        :param inner: any byte stream: TCP, Unix socket, TLS, in memory. It belongs to the new stream from now
            on, and is closed if the handshake fails or is cancelled
        :param mechanism: with its credentials; :class:`~asyncauth.mechanisms.Negotiate` if None
        :param target: client: the SPN the other end must prove to be. None means that this is the server
        :param framing: the wire format; MS-NNS if None
        :param require: the least protection, which a client also asks for; or a whole :class:`Policy`
        :param mutual: the server must prove who it is; a policy says that itself
        :param handshake_timeout: seconds for acquiring credentials and for the handshake together
        :param limits: what the peer may cost before it has proved anything
        :param allow_unmarked_end: take an end of stream that the peer did not authenticate for a clean one
        :raises AuthenticationError: and its kinds: credentials, target, protection, timeout, refusal
        :raises RemoteProtocolError: the peer does not speak this framing, or closed too early
        """
        setup = Setup.of(mechanism, framing, require, mutual, handshake_timeout, limits, allow_unmarked_end)
        spn = spn_of(target)
        with within(handshake_timeout):
            return await cls.handshake(inner, setup, spn)
        raise setup.timed_out(f"the server {spn}" if spn else "a client")

    @classmethod
    def adopt(cls, inner: ByteStream, connection: Connection, *, received: bytes = b"") -> Self:
        """The stream for a connection whose handshake was carried out by other means, as by :mod:`asyncauth.sasl`.

        :param inner: the byte stream below, as :meth:`wrap` takes it, at the point where the messages begin
        :param connection: an engine that is established, and that nobody else uses from now on
        :param received: bytes of the peer beyond that point which have been read already
        :raises LocalProtocolError: the handshake is not done; ``inner`` is left alone
        """
        info = connection.established()
        connection.receive_data(received)
        return cls(inner, connection, info)

    @classmethod
    async def handshake(
        cls, inner: ByteStream, setup: Setup, spn: ServicePrincipalName | None = None
    ) -> Self:
        """Not for applications: :meth:`wrap` without its deadline."""
        try:
            connection = setup.connection(spn)
            tls = None if prompt_of(inner) is not None else inner.extra(TLSAttribute.ssl_object, None)
            setup.bind(connection, tls, address_of(inner))
            stream = cls(inner, connection, await exchange_tokens(inner, connection))
            setup.admitted(stream.info)
            return stream
        except BaseException:
            await anyio.aclose_forcefully(inner)
            raise

    @property
    def info(self) -> ConnectionInfo:
        """What the handshake reached."""
        return self._info

    @cached_property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return attributes_of(self._info, self._inner.extra_attributes)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """At least one byte, at most ``max_bytes``. Cancelled, it loses nothing.

        Small messages that have come together are one piece. Each call is a checkpoint that can be cancelled; one
        whose data has come already lets other tasks run once in 256 KiB or 256 calls.

        :raises EndOfStream: the peer has said that this was the end
        :raises BrokenResourceError: altered, lost, repeated or truncated data; the cause says which
        """
        if max_bytes < 1:
            raise ValueError(f"max_bytes is {max_bytes}, and at least one byte must be asked for")
        with self._receiving:
            waited = False
            while not (self._rest or self._has_next()):
                if receive_ready(self._inner, self._connection):
                    await share_turn(_READ_COUNTS)
                    continue
                waited = True
                self._outgoing.before_waiting()
                if self._connection.has_data_to_send:
                    await self._outgoing.answer()
                await receive_into(self._inner, self._connection)
            if not waited:
                await share_turn(min(len(self._rest), max_bytes))
            if not self._rest:
                self._check_open()
                raise EndOfStream
            data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
            return data

    async def send(self, item: bytes | bytearray | memoryview) -> None:
        """Protect and write all of ``item``.

        When it returns, over TCP the system has the data, but for the last 64 KiB at most of what the same turn of
        the loop has sent before: that goes out when this turn ends. Each call is a checkpoint that can be cancelled;
        one that need not wait for the system lets other tasks run once in 256 KiB or 256 calls.

        Cancelled before anything was written it has had no effect; later, nothing more can be sent.

        :raises BrokenResourceError: the stream broke, now or before; the cause says why
        """
        with self._outgoing.guard:
            await checkpoint_if_cancelled()
            await self._outgoing.ready()
            self._check_open()
            try:
                await self._outgoing.send(item)
            except AsyncAuthError as error:
                raise _in_their_words(error) from error

    async def send_eof(self) -> None:
        """Say under protection that no more data will come; receiving goes on."""
        with self._outgoing.guard:
            await checkpoint_if_cancelled()
            await self._outgoing.ready()
            if self._connection.end_sent:
                return
            self._outgoing.write_kept()
            self._engine(self._connection.send_eof)
            await self._outgoing.flush()
            try:
                await self._inner.send_eof()
            except NotImplementedError:
                return  # a TLS stream, for instance; the mark alone says it too

    async def aclose(self) -> None:
        """Say that this was the end, unless that was said or the stream is broken, and close.

        Waits at most a second for a peer that does not read, or has yet to answer (gss-sample). Cancelled, it
        closes without a word, and the peer sees a truncated stream; over TCP on asyncio it then returns at once.
        """
        if self._closed:
            return
        self._closed = True
        self._outgoing.write_kept()
        self._rest = b""
        try:
            if anyio.current_effective_deadline() > -inf:
                farewell = self._outgoing.last()
                await checkpoint_if_cancelled()
                await last_words(self._inner, farewell, self._connection)
        finally:
            self._connection.close()
            await close(self._inner)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self._outgoing.write_kept()
            self._connection.fail(LocalProtocolError("the stream was left by an exception"))
        await self.aclose()

    def _has_next(self) -> bool:
        """Whether the engine has something to say: data, which are taken, or the end."""
        event = self._engine(self._connection.next_event)
        if isinstance(event, DataReceived):
            self._rest = event.data
            return True
        return isinstance(event, EndOfData)

    def _engine(self, call: Callable[[], T]) -> T:
        self._check_open()
        try:
            return call()
        except AsyncAuthError as error:
            raise _in_their_words(error) from error

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedResourceError


def _in_their_words(error: AsyncAuthError) -> Exception:
    """anyio's exception for one of ours."""
    if isinstance(error, LocalProtocolError):
        return ClosedResourceError(str(error))
    return BrokenResourceError(str(error))
