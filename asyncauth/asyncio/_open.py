"""A client's connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _defaults
from .._errors import ConnectError, HandshakeTimeout
from .._setup import Setup
from .._types import Limits, Policy, Protection, Target
from ._awaited import AwaitedHandshake

if TYPE_CHECKING:
    from ..abc import Framing, Mechanism
    from ._transport import AuthenticatedTransport

__all__ = ["create_connection"]

P = TypeVar("P", bound=asyncio.BaseProtocol)


async def create_connection(
    protocol_factory: Callable[[], P],
    target: Target,
    mechanism: Mechanism | None = None,
    *,
    framing: Framing | None = None,
    require: Protection | Policy = Protection.SEAL,
    mutual: bool = True,
    handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
    limits: Limits | None = None,
    allow_unmarked_end: bool = False,
    **loop_options: Any,
) -> tuple[AuthenticatedTransport, P]:
    """Connect to a service, authenticate both ways, and put a protocol on top.

    ``loop.create_connection`` with a target in place of host and port. The protocol is made, and its
    ``connection_made`` called, when the server has proved to be ``target.spn`` and the protection required was
    reached; from then on it sees plaintext. Cancelled, this closes the socket and leaves nothing behind but perhaps
    a thread that waits for a KDC. When it raises, the socket is closed.

    :param protocol_factory: makes the application's protocol, any :class:`asyncio.Protocol` or BufferedProtocol
    :param target: where the service is and who it must prove to be
    :param mechanism: with its credentials; :class:`~asyncauth.mechanisms.Negotiate` if None
    :param framing: the wire format; MS-NNS if None
    :param require: the least protection, which is also asked for; or a whole :class:`~asyncauth.Policy`
    :param mutual: the server must prove who it is; a policy says that itself
    :param handshake_timeout: seconds for connecting, credentials and handshake together
    :param limits: what the peer may cost before it has proved anything
    :param allow_unmarked_end: take an end of stream that the peer did not authenticate for a clean one
    :param loop_options: for ``loop.create_connection``: ``sock`` (then the target is not dialled), ``family``,
        ``local_addr``, ``happy_eyeballs_delay``, ``ssl``
    :raises ConnectError: no TCP connection to the host
    :raises AuthenticationError: and its kinds: credentials, target, protection, timeout, refusal
    :raises RemoteProtocolError: what answers there does not speak this framing, or closed too early
    """
    setup = Setup.of(mechanism, framing, require, mutual, handshake_timeout, limits, allow_unmarked_end)
    handshake = AwaitedHandshake(
        asyncio.get_running_loop(),
        setup,
        setup.connection(target.spn),
        peer=target,
        factory=protocol_factory,
    )
    try:
        await _dial(handshake, target, loop_options)
        return await handshake.result
    except BaseException:
        handshake.abandon()
        raise


async def _dial(handshake: AwaitedHandshake[Any], target: Target, options: dict[str, Any]) -> None:
    host, port = target.dial
    place = (None, None) if options.get("sock") is not None else (host, port)
    try:
        await handshake.dial(*place, **options)
    except HandshakeTimeout:
        raise
    except OSError as error:
        raise ConnectError(
            f"cannot connect to {host} port {port} for {target.spn}: {error}",
            fix="see whether the service runs there and whether the host name and port are right",
        ) from error
