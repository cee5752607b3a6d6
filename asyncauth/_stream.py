"""The authenticated stream, for anyio: a ByteStream round a ByteStream.

It forwards between the engine and the stream beneath, and adds just three things that an engine cannot know:
where a step runs, how long the handshake may take, and what a cancelled call leaves behind.

*Receiving.* Nothing is taken from the engine before it is asked for, and nothing that was taken is dropped: a
cancelled ``receive`` has either returned its data or left it for the next call.

*Sending.* A protected message has a number, and the peer refuses a gap. So once a message is sealed it has to go
out: a ``send`` that is cancelled before has had no effect, one that is cancelled while the stream beneath is
writing ends sending for good, and says so; what the peer has sent can still be received. Long data is sealed a
slice at a time, with the writing between the slices, which bounds both the memory it takes and the time for which
the loop is not served.

*Answering.* A framing may answer what it receives (gss-sample does). A ``receive`` that has to wait for the peer
writes the answers first, so one that is cancelled while the stream beneath is writing ends sending as a ``send``
would; a ``send`` that comes meanwhile waits for its turn, and one under way takes the answers along.

*Ending.* ``send_eof`` and ``aclose`` say under protection that this was the end. Leaving ``async with`` by an
exception does not: a handler that failed half-way must not look to the peer like one that was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

import anyio
import anyio.lowlevel
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, ResourceGuard
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute

from . import _defaults
from ._attributes import attributes_of
from ._errors import AsyncAuthError, LocalProtocolError, ProtocolError
from ._exchange import exchange_tokens, last_words, receive_into
from ._setup import Setup, spn_of
from ._types import Limits, Policy, Protection, Target
from .engine import DataReceived, EndOfData

if TYPE_CHECKING:
    from ._spn import ServicePrincipalName
    from ._types import ConnectionInfo
    from .abc import Framing, Mechanism
    from .engine import Connection

__all__ = ["AuthenticatedStream"]

P = ParamSpec("P")
T = TypeVar("T")

_SLICE_BYTES = 262_144


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
        self._sending = ResourceGuard("sending to")
        self._receiving = ResourceGuard("receiving from")
        self._writing = False
        self._answering: anyio.Event | None = None

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
        with anyio.move_on_after(handshake_timeout):
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
            below: Mapping[Any, Any] = inner.extra_attributes
            tls, address = below.get(TLSAttribute.ssl_object), below.get(SocketAttribute.remote_address)
            setup.bind(connection, tls and tls(), address and address())
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

        :raises EndOfStream: the peer has said that this was the end
        :raises BrokenResourceError: altered, lost, repeated or truncated data; the cause says which
        """
        if max_bytes < 1:
            raise ValueError(f"max_bytes is {max_bytes}, and at least one byte must be asked for")
        with self._receiving:
            if self._rest:
                await anyio.lowlevel.checkpoint()
            else:
                self._rest = await self._next_data()
            data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
            return data

    async def send(self, item: bytes | bytearray | memoryview) -> None:
        """Protect and write all of ``item``.

        Cancelled before anything was written it has had no effect; later, nothing more can be sent.

        :raises BrokenResourceError: the stream broke, now or before; the cause says why
        """
        with self._sending:
            await anyio.lowlevel.checkpoint_if_cancelled()
            while self._answering is not None:
                await self._answering.wait()
            view = memoryview(item).cast("B")
            for start in range(0, len(view), _SLICE_BYTES):
                self._engine(self._connection.send_data, view[start : start + _SLICE_BYTES])
                await self._flush()

    async def send_eof(self) -> None:
        """Say under protection that no more data will come; receiving goes on."""
        with self._sending:
            await anyio.lowlevel.checkpoint_if_cancelled()
            while self._answering is not None:
                await self._answering.wait()
            if self._connection.end_sent:
                return
            self._engine(self._connection.send_eof)
            await self._flush()
            try:
                await self._inner.send_eof()
            except NotImplementedError:
                return  # a TLS stream, for instance; the mark alone says it too

    async def aclose(self) -> None:
        """Say that this was the end, unless that was said or the stream is broken, and close.

        Waits at most a second for a peer that does not read, or has yet to answer (gss-sample). Cancelled, it
        closes without a word, and the peer sees a truncated stream.
        """
        if self._closed:
            return
        self._closed = True
        farewell = self._farewell()
        self._rest = b""
        try:
            await anyio.lowlevel.checkpoint_if_cancelled()
            await last_words(self._inner, farewell, self._connection)
        finally:
            self._connection.close()
            with suppress(
                OSError
            ):  # a TLS stream's ssl.SSLError, when the peer's own farewell crosses this one
                await self._inner.aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self._connection.fail(LocalProtocolError("the stream was left by an exception"))
        await self.aclose()

    async def _next_data(self) -> bytes:
        waited = False
        while True:
            event = self._engine(self._connection.next_event)
            match event:
                case DataReceived(data):
                    if not waited:
                        await self._fair(data)
                    return data
                case EndOfData():
                    await anyio.lowlevel.checkpoint()
                    raise EndOfStream
                case _:
                    waited = True
                    if self._connection.has_data_to_send and not self._writing:
                        await self._answer()
                    await receive_into(self._inner, self._connection)

    async def _fair(self, data: bytes) -> None:
        try:
            await anyio.lowlevel.checkpoint()
        except BaseException:
            self._rest = data
            raise

    async def _answer(self) -> None:
        """Write answers. A peer that does not take them any more may still have sent something."""
        self._answering = anyio.Event()
        try:
            with suppress(BrokenResourceError, ClosedResourceError):
                await self._flush()
        finally:
            self._answering.set()
            self._answering = None

    async def _flush(self) -> None:
        self._writing = True
        try:
            while data := self._connection.data_to_send():
                await self._inner.send(data)
        except BaseException as error:
            broken = ProtocolError(f"a message was sealed and not wholly sent ({type(error).__name__})")
            self._connection.break_sending(broken)
            raise
        finally:
            self._writing = False

    def _engine(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise ClosedResourceError
        try:
            return call(*args, **kwargs)
        except LocalProtocolError as error:
            raise ClosedResourceError(str(error)) from error
        except AsyncAuthError as error:
            raise BrokenResourceError(str(error)) from error

    def _farewell(self) -> bytes:
        try:
            with self._sending:
                self._connection.send_eof()
                return b"" if self._writing else self._connection.data_to_send()
        except (AsyncAuthError, anyio.BusyResourceError):
            return b""
