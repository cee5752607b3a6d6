"""The front doors for anyio: connect, connect_service, serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import ByteStream, TaskStatus

from .. import _defaults
from .._errors import ConnectError
from .._offload import in_thread
from .._setup import Setup
from .._types import Limits, Policy, Protection, Target
from ..abc import ServiceQuery
from ._listener import AuthenticatedListener, Refused
from ._sockets import dial, listen
from ._stream import AuthenticatedStream
from ._within import within

if TYPE_CHECKING:
    from ..abc import Framing, Mechanism, Resolver

__all__ = ["connect", "connect_service", "serve"]


async def connect(
    target: Target,
    mechanism: Mechanism | None = None,
    *,
    framing: Framing | None = None,
    require: Protection | Policy = Protection.SEAL,
    mutual: bool = True,
    handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
    limits: Limits | None = None,
    allow_unmarked_end: bool = False,
) -> AuthenticatedStream:
    """Connect to a service and authenticate both ways.

    Returns only when the server has proved to be ``target.spn`` and the protection required was reached.
    Cancelled, it leaves nothing behind but perhaps a thread that waits for a KDC.

    :param target: where the service is and who it must prove to be
    :param handshake_timeout: seconds for connecting, credentials and handshake together
    :raises ConnectError: no TCP connection to the host
    :raises AuthenticationError: and its kinds
    :raises RemoteProtocolError: what answers there does not speak this framing

    The other options are those of :meth:`AuthenticatedStream.wrap`.
    """
    setup = Setup.of(mechanism, framing, require, mutual, handshake_timeout, limits, allow_unmarked_end)
    with within(handshake_timeout):
        return await AuthenticatedStream.handshake(await _dial(target), setup, target.spn)
    raise setup.timed_out(f"{target}")


async def connect_service(
    service: str | ServiceQuery,
    resolver: Resolver,
    mechanism: Mechanism | None = None,
    *,
    framing: Framing | None = None,
    require: Protection | Policy = Protection.SEAL,
    mutual: bool = True,
    handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
    limits: Limits | None = None,
    allow_unmarked_end: bool = False,
) -> AuthenticatedStream:
    """Locate a service and connect to the first of its targets that takes a connection.

    A target that cannot be reached is passed over. One that answers and fails to prove its identity is not: that
    is an attack or a mistake, and going on to the next would hide it.

    :param service: what is wanted, in the resolver's terms: a keyword, GUID or name
    :param resolver: a discovery backend
    :raises ServiceNotFound: the resolver knows none
    :raises ConnectError: none of the targets could be reached

    The rest is as for :func:`connect`; ``handshake_timeout`` counts for each target.
    """
    query = ServiceQuery(service) if isinstance(service, str) else service
    unreachable: list[ConnectError] = []
    for target in await resolver.resolve(query):
        try:
            return await connect(
                target,
                mechanism,
                framing=framing,
                require=require,
                mutual=mutual,
                handshake_timeout=handshake_timeout,
                limits=limits,
                allow_unmarked_end=allow_unmarked_end,
            )
        except ConnectError as error:
            unreachable.append(error)
    raise ConnectError(
        f"none of the {len(unreachable)} places of service {query} can be reached:"
        f" {'; '.join(error.message for error in unreachable)}",
        fix="see whether the service runs, and whether what it published is still true",
    ) from unreachable[-1]


async def serve(
    handler: Callable[[AuthenticatedStream], Awaitable[Any]],
    host: str | None,
    port: int,
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
    reuse_port: bool = False,
    task_status: TaskStatus[AuthenticatedListener[Any]] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Listen on TCP and call ``handler`` with each authenticated stream, until cancelled.

    ``await task_group.start(serve, handler, host, port, ...)`` returns the listener once it listens.

    :param host: address to listen on; None for all
    :param port: TCP port; 0 for any free one
    :param reuse_port: let several processes share the port
    :raises CredentialError: the keytab has no usable key; raised before anything listens

    The other options are those of :class:`AuthenticatedListener`.
    """
    mechanism = _defaults.mechanism_or_default(mechanism)
    await in_thread(mechanism.prepare_server)
    listener = AuthenticatedListener(
        await listen(host, port, reuse_port=reuse_port),
        mechanism,
        framing=framing,
        require=require,
        mutual=mutual,
        handshake_timeout=handshake_timeout,
        max_pending=max_pending,
        limits=limits,
        allow_unmarked_end=allow_unmarked_end,
        on_refused=on_refused,
    )
    async with listener:
        task_status.started(listener)
        await listener.serve(handler)


async def _dial(target: Target) -> ByteStream:
    host, port = target.dial
    try:
        return await dial(host, port)
    except OSError as error:
        reason = error.__cause__ or error
        raise ConnectError(
            f"cannot connect to {host} port {port} for {target.spn}: {reason}",
            fix="see whether the service runs there and whether the host name and port are right",
        ) from error
