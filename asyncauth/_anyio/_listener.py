"""A listener whose streams are authenticated, for anyio."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    Semaphore,
    WouldBlock,
    aclose_forcefully,
)
from anyio.abc import ByteStream, Listener, TaskGroup

from .. import _defaults
from .._errors import AsyncAuthError, AuthenticationError
from .._offload import in_thread
from .._setup import Setup, address_text
from .._types import Limits, Policy, Protection
from ._sockets import address_of
from ._stream import AuthenticatedStream
from ._within import within

if TYPE_CHECKING:
    from ..abc import Framing, Mechanism

__all__ = ["AuthenticatedListener"]

T_Stream = TypeVar("T_Stream", bound=ByteStream)
Refused = Callable[[AsyncAuthError, object], None]

_WAITING_FACTOR = 4

logger = logging.getLogger("asyncauth")


class AuthenticatedListener(Listener[AuthenticatedStream], Generic[T_Stream]):
    """Takes connections from another listener and hands on those that have authenticated.

    A client that fails, stalls or lies costs a bounded amount and is logged; the listener goes on. Each
    handshake runs in its own task.

    :param listener: any listener of byte streams; it is closed with this one
    :param mechanism: with the keytab; :class:`~asyncauth.mechanisms.Negotiate` with the default keytab if None
    :param framing: the wire format; MS-NNS if None
    :param require: the least protection a client must ask for, or a whole :class:`~asyncauth.Policy`
    :param mutual: refuse clients that do not ask this server to prove its identity
    :param handshake_timeout: seconds that a client may take for its handshake
    :param max_pending: handshakes at a time. What comes beyond waits for its turn, unread and under the same
        deadline; when four times as many wait, further connections are closed at once
    :param limits: bytes and tokens that a client may send before it is authenticated
    :param allow_unmarked_end: take an end of stream that the client did not authenticate for a clean one
    :param on_refused: called on the loop with the error and the client's address for each refused client
    """

    def __init__(
        self,
        listener: Listener[T_Stream],
        mechanism: Mechanism | None = None,
        *,
        framing: Framing | None = None,
        require: Protection | Policy = Protection.SEAL,
        mutual: bool = True,
        handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
        max_pending: int = _defaults.PENDING_HANDSHAKES,
        limits: Limits | None = None,
        allow_unmarked_end: bool = False,
        on_refused: Refused | None = None,
    ) -> None:
        self._listener = listener
        self._setup = Setup.of(
            mechanism, framing, require, mutual, handshake_timeout, limits, allow_unmarked_end
        )
        self._turns = Semaphore(max_pending)
        self._turned_away_from = max_pending * (1 + _WAITING_FACTOR)
        self._arrived = 0
        self._on_refused = on_refused

    async def prepare(self) -> None:
        """Read the keytab now, so that a server without a key fails here and not at its first client.

        :raises CredentialError: no keytab, no entry, or not readable
        """
        await in_thread(self._setup.mechanism.prepare_server)

    async def serve(
        self,
        handler: Callable[[AuthenticatedStream], Awaitable[Any]],
        task_group: TaskGroup | None = None,
    ) -> None:
        """Authenticate clients and call ``handler`` with each one's stream, until cancelled.

        The handler owns the stream and closes it. What breaks a stream from outside (a cut connection, altered
        data) ends that handler and is logged; any other exception is the handler's own and passes on.
        """

        async def admit(stream: T_Stream) -> None:
            authenticated = await self._authenticate(stream)
            if authenticated is None:
                return
            try:
                await handler(authenticated)
            except (AsyncAuthError, BrokenResourceError, ClosedResourceError, EndOfStream) as error:
                reason = str(error) or type(error).__name__
                logger.warning("the connection of %s ended: %s", authenticated.info.peer, reason)
                await aclose_forcefully(authenticated)

        await self._listener.serve(admit, task_group)

    async def aclose(self) -> None:
        await self._listener.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._listener.extra_attributes

    async def _authenticate(self, stream: T_Stream) -> AuthenticatedStream | None:
        address = address_of(stream)
        if self._arrived >= self._turned_away_from:
            self._refused(_crowded(self._arrived), address)
            await aclose_forcefully(stream)
            return None
        self._arrived += 1
        try:
            with within(self._setup.handshake_timeout):
                return await self._in_turn(stream)
            self._refused(self._setup.timed_out("a client"), address)
        except AsyncAuthError as error:
            self._refused(error, address)
        except (BrokenResourceError, ClosedResourceError) as error:
            logger.info("lost %s during the handshake: %s", address_text(address), type(error).__name__)
        finally:
            self._arrived -= 1
        return None

    async def _in_turn(self, stream: T_Stream) -> AuthenticatedStream:
        try:
            self._turns.acquire_nowait()
        except WouldBlock:
            await self._wait_for_turn(stream)
        try:
            return await AuthenticatedStream.handshake(stream, self._setup)
        finally:
            self._turns.release()

    async def _wait_for_turn(self, stream: T_Stream) -> None:
        try:
            await self._turns.acquire()
        except BaseException:
            await aclose_forcefully(stream)
            raise

    def _refused(self, error: AsyncAuthError, address: object) -> None:
        logger.warning("refused %s: %s", address_text(address), error)
        if self._on_refused is not None:
            self._on_refused(error, address)


def _crowded(arrived: int) -> AuthenticationError:
    return AuthenticationError(
        f"{arrived} connections wait for their handshake already",
        fix="raise max_pending if they are honest ones",
    )
