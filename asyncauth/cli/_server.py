"""The server of ``asyncauth serve``: it authenticates clients and echoes, or forwards to a plain TCP service.

What is said of each connection is what the handshake has proved. That is the client's name, and not which SPN the
client asked for: an acceptor cannot tell apart SPNs that share a key, whatever its keytab lists. So ``spn`` is the
one that ``--spn`` restricts the server to, if it is exactly one, and null otherwise.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio.abc import Listener, SocketAttribute

from .._anyio import _sockets
from .._anyio._listener import AuthenticatedListener
from .._errors import AsyncAuthError, AuthorizationError, ConnectError
from ._allow import gate, turned_away
from ._handlers import echo, forward
from ._krb5 import default_keytab
from ._options import Endpoint, UsageError, framing, mechanism, policy
from ._output import Output, reason_of
from ._tap import tapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._anyio._stream import AuthenticatedStream
    from ..abc import Mechanism
    from ..authorization import Authorizer
    from ..mechanisms import Keytab
    from ._dump import DumpFile

__all__ = ["Server", "announce"]

_log = logging.getLogger("asyncauth.cli")


class Server:
    """One process's server.

    :param reuse_port: other processes listen on the same port
    :param started: called with the address it listens on; the ``listening`` event if None
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        output: Output,
        *,
        reuse_port: bool = False,
        started: Callable[[Endpoint], None] | None = None,
    ) -> None:
        self._arguments = arguments
        self._output = output
        self._reuse_port = reuse_port
        self._started = started or partial(announce, output, arguments)
        self._mechanism = _mechanism(arguments)
        to = arguments.forward
        self._work = echo if to is None else partial(forward, host=to.host, port=to.port)

    async def serve(self, dump: DumpFile | None = None) -> None:
        """Listen, and serve until cancelled.

        :param dump: where to write what passes
        :raises CredentialError: no usable key
        :raises ConnectError: the address cannot be listened on
        :raises DiscoveryError: a group of ``--allow`` cannot be found
        """
        async with gate(self._arguments) as authorize:
            await self._listen(authorize, dump)

    async def _listen(self, authorize: Authorizer | None, dump: DumpFile | None) -> None:
        arguments = self._arguments
        async with AuthenticatedListener(
            tapped(await listen(arguments.listen, reuse_port=self._reuse_port), dump),
            self._mechanism,
            framing=framing(arguments),
            require=policy(arguments, authorize=authorize, targets=tuple(arguments.spn)),
            handshake_timeout=arguments.handshake_timeout,
            max_pending=arguments.max_pending,
            allow_unmarked_end=arguments.allow_unmarked_end,
            on_refused=self._refused,
        ) as listener:
            await listener.prepare()
            port = listener.extra(SocketAttribute.local_port)
            self._started(Endpoint(arguments.listen.host, port))
            await listener.serve(self._handle)

    async def _handle(self, stream: AuthenticatedStream) -> None:
        self._authenticated(stream)
        try:
            async with stream:
                await self._work(stream)
        except OSError as error:  # of this connection or its backend; the others go on
            _log.warning("the connection of %s ended: %s", stream.info.peer, error)

    def _authenticated(self, stream: AuthenticatedStream) -> None:
        info, address = stream.info, _shown(stream.extra(SocketAttribute.remote_address, None))
        level = info.protection.name.lower()
        asked = info.target or info.claimed_target
        proof = "mutual" if info.mutual else "one-way"
        spoken = f", framing {info.framing}" if self._arguments.framing == "any" else ""
        self._output.event(
            "authenticated",
            f"{info.peer or 'somebody'} from {address}: {info.mechanism}, {proof}, {level}{spoken}",
            peer=None if info.peer is None else info.peer.name,
            mechanism=info.mechanism,
            protection=level,
            mutual=info.mutual,
            framing=info.framing,
            spn=None if asked is None else str(asked),
            spn_proven=info.target_proven,
            address=address,
        )

    def _refused(self, error: AsyncAuthError, address: object) -> None:
        # For people the library's log, on stderr, says it.
        away = turned_away.get() if isinstance(error, AuthorizationError) else None
        self._output.event(
            "refused",
            reason=reason_of(error) if away is None else away.reason,
            error=type(error).__name__,
            fix=error.fix,
            peer=away and away.peer,
            address=_shown(address),
        )


def announce(output: Output, arguments: argparse.Namespace, place: Endpoint) -> None:
    """Say that the server listens."""
    what = "echoing" if arguments.forward is None else f"forwarding to {arguments.forward}"
    output.event(
        "listening",
        f"listening on {place}, {what}; framing {arguments.framing}, mechanism {arguments.mechanism},"
        f" protection {arguments.require}",
        host=place.host or "*",
        port=place.port,
        framing=arguments.framing,
    )


async def listen(place: Endpoint, *, reuse_port: bool = False) -> Listener[Any]:
    """A TCP listener; ConnectError says what is in the way."""
    try:
        return await _sockets.listen(place.host or None, place.port, reuse_port=reuse_port)
    except OSError as error:
        raise ConnectError(
            f"cannot listen on {place}: {error.strerror or error}",
            fix="choose another port or address, or end what listens there (ss -ltnp shows it)",
        ) from error


def _mechanism(arguments: argparse.Namespace) -> Mechanism:
    if arguments.mechanism == "ntlm" and (arguments.spn or arguments.keytab):
        raise UsageError("--spn and --keytab are for Kerberos; NTLM does not use them")
    return mechanism(arguments.mechanism, _keytab(arguments), mutual=arguments.mutual)


def _keytab(arguments: argparse.Namespace) -> Keytab | None:
    """The keys to use, None for all of the default keytab."""
    from ..mechanisms import Keytab

    if arguments.keytab is None and not arguments.spn:
        return None
    path = arguments.keytab or default_keytab() or "FILE:/etc/krb5.keytab"
    return Keytab(path, spns=tuple(arguments.spn))


def _shown(address: Any) -> str:
    """A socket's address as text."""
    if isinstance(address, tuple) and len(address) >= 2:  # noqa: PLR2004 - host and port, and for IPv6 more
        return str(Endpoint(str(address[0]), int(address[1])))
    return str(address or "an unknown address")
