"""SASL's GSSAPI and GSS-SPNEGO inside another protocol: LDAP, IMAP, SMTP, XMPP, and whatever else carries SASL.

SASL (RFC 4422) is an exchange of messages that the other protocol transports, and it is for that protocol to say that
the exchange succeeded or failed, so that is left to it. Here is what makes the messages and understands them, with
asyncauth's promises: mutual authentication, protection, limits, the application's say. It touches no socket, and runs
on asyncio and on Trio; a step that has to ask a KDC runs in a thread. A client::

    exchange = SaslClient(Kerberos(), "ldap/dc1.example.test")
    answer = await send_bind(exchange.name, await exchange.initial())
    while answer.in_progress:
        answer = await send_bind(exchange.name, await exchange.respond(answer.credentials))
    if answer.refused:
        ...
    connection = await exchange.succeed(answer.credentials)
    stream = AuthenticatedStream.adopt(plain, connection)

and a server::

    exchange = SaslServer(Kerberos(Keytab("/etc/ldap.keytab")))
    answer = await exchange.challenge(request.credentials)
    while not exchange.complete:
        answer = await exchange.challenge((await ask_for_more(answer)).credentials)
    await send_success(answer)
    stream = AuthenticatedStream.adopt(plain, exchange.connection)

What is raised refuses the other end: tell it so in the outer protocol's words, and use the exchange no more. There is
no deadline here, put one round it. The layer begins with the byte after the server's success, in both directions;
:func:`asyncauth.asyncio.adopt` is the other way on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from ._defaults import HANDSHAKE_SECONDS
from ._errors import AsyncAuthError, LocalProtocolError
from ._offload import in_thread
from ._sasl_layer import LARGEST
from ._setup import Setup, spn_of
from ._types import Limits, Policy, Protection, Target
from .engine import NEED_DATA, DecisionRequired, Established, StepRequired
from .framings import Sasl
from .framings._sasl_frames import COMPLETE, HEADER, OK, START

if TYPE_CHECKING:
    from ssl import SSLObject

    from ._spn import ServicePrincipalName
    from ._types import ConnectionInfo
    from .abc import Mechanism
    from .engine import Connection
    from .framings._sasl import Allows

__all__ = ["SaslClient", "SaslServer"]

Name: TypeAlias = Literal["GSSAPI", "GSS-SPNEGO"]

_NAMES: dict[str, Name] = {"kerberos": "GSSAPI", "negotiate": "GSS-SPNEGO", "ntlm": "GSS-SPNEGO"}


class _Exchange:
    """What both ends have in common.

    :param below: the TLS session that the outer protocol runs in, and the peer's socket address
    """

    def __init__(
        self,
        name: str,
        setup: Setup,
        spn: ServicePrincipalName | None,
        below: tuple[SSLObject | None, object],
    ) -> None:
        self.name = name
        """What the outer protocol calls the mechanism: ``GSSAPI`` or ``GSS-SPNEGO``."""
        self._setup = setup
        self._connection = setup.connection(spn)
        self._busy = False
        setup.bind(self._connection, *below)

    @property
    def complete(self) -> bool:
        """True when the exchange has succeeded, at this end."""
        return self._connection.info is not None

    @property
    def info(self) -> ConnectionInfo | None:
        """Who the peer is and what was reached, ``authzid`` included; None until it is complete."""
        return self._connection.info

    @property
    def connection(self) -> Connection:
        """What the messages after the exchange go through; for ``adopt``, once.

        :raises LocalProtocolError: the exchange is not complete
        """
        if not self.complete:
            raise LocalProtocolError("the SASL exchange is not complete, so there is no connection yet")
        return self._connection

    async def _turn(self, kind: int, body: bytes) -> bytes:
        """Give the engine a message; what it answers."""
        return await self._fed(HEADER.build(kind, len(body)) + body)

    async def _fed(self, frames: bytes) -> bytes:
        if self._busy or self.complete:
            raise LocalProtocolError(
                "the SASL exchange is complete" if self.complete else "a call of this exchange is under way"
            )
        self._busy = True
        self._connection.receive_data(frames)
        try:
            await self._advance()
        except AsyncAuthError:
            raise
        except BaseException:
            self._connection.fail(LocalProtocolError("the SASL exchange was broken off"))
            raise
        finally:
            self._busy = False
            bodies = dict(_frames(self._connection.data_to_send()))
        return bodies.get(OK) or bodies.get(COMPLETE) or b""

    async def _advance(self) -> None:
        while True:
            event = self._connection.next_event()
            if event is NEED_DATA:
                return
            if isinstance(event, Established):
                self._setup.admitted(event.info)
                return
            assert isinstance(event, StepRequired | DecisionRequired)
            if isinstance(event, DecisionRequired):
                await event.ask()
            else:
                await in_thread(event.run)
            self._connection.step_done(event)


class SaslClient(_Exchange):
    """A client's side of one exchange.

    Cancelling one of its calls ends the exchange; a thread that waits for a KDC is left to itself.

    :param mechanism: with its credentials: ``Kerberos`` makes it GSSAPI, ``Negotiate`` and ``Ntlm`` GSS-SPNEGO
    :param target: the SPN that the server must prove to be; text is parsed
    :param authzid: as whom to act; empty for oneself. GSSAPI only
    :param require: the least protection, and also what is asked for; or a whole policy
    :param mutual: the server must prove who it is
    :param tls: the TLS session that the outer protocol runs in, for channel binding. Active Directory takes no layer
        inside TLS, so ``require`` is NONE there
    :param address: the peer's socket address, for the log
    :param max_size: bytes of the longest Wrap token that is taken, up to 16,777,215; the server is told, by GSSAPI
    :param limits: what the peer may cost before it has proved anything
    :param allow_unmarked_end: take the end of the byte stream for the end of the data; outer protocols have their own
    :param name: the SASL mechanism, for a mechanism object of somebody else's
    :raises ValueError: values that do not go together
    """

    def __init__(
        self,
        mechanism: Mechanism,
        target: Target | ServicePrincipalName | str,
        *,
        authzid: str = "",
        require: Protection | Policy = Protection.SEAL,
        mutual: bool = True,
        tls: SSLObject | None = None,
        address: object = None,
        max_size: int = LARGEST,
        limits: Limits | None = None,
        allow_unmarked_end: bool = True,
        name: Name | None = None,
    ) -> None:
        framing = Sasl(_name(mechanism, name), authzid=authzid, max_size=max_size, marks_end=False)
        setup = Setup.of(mechanism, framing, require, mutual, HANDSHAKE_SECONDS, limits, allow_unmarked_end)
        super().__init__(framing.mechanism, setup, spn_of(target), (tls, address))

    async def initial(self) -> bytes:
        """The first message; in the outer protocol it goes along with the mechanism's name.

        :raises CredentialError: there are none, or they have expired
        :raises TargetError: the KDC does not know the SPN
        """
        return await self._fed(b"")

    async def respond(self, challenge: bytes) -> bytes:
        """The answer to a message of the server's with which it is not done; may be empty, and is sent all the same.

        :raises AuthenticationError: and its kinds: the server is not who it should be, or offers too little
        :raises IntegrityError: the negotiation of the layer was altered
        :raises RemoteProtocolError: that message may not come now, or is none
        """
        return await self._turn(OK, challenge)

    async def succeed(self, data: bytes | None = None) -> Connection:
        """The server has said that it is done; what the messages after that go through.

        :param data: what came along with its success
        :raises AuthenticationError: and the other errors of :meth:`respond`; a server cannot end the exchange early
        """
        await self._turn(COMPLETE, data or b"")
        return self.connection


class SaslServer(_Exchange):
    """A server's side of one exchange.

    Cancelling a call ends the exchange.

    :param mechanism: with its keytab: ``Kerberos`` makes it GSSAPI, ``Negotiate`` GSS-SPNEGO
    :param allows: called with the authenticated client and the identity that it wants to act as, where that is not its
        own; what is true lets it. None lets nobody
    :param require: the least protection, or a whole policy
    :param max_size: bytes of the longest Wrap token that is taken, up to 16,777,215

    The other options and the errors are those of :class:`SaslClient`.
    """

    def __init__(
        self,
        mechanism: Mechanism,
        *,
        allows: Allows | None = None,
        require: Protection | Policy = Protection.SEAL,
        mutual: bool = True,
        tls: SSLObject | None = None,
        address: object = None,
        max_size: int = LARGEST,
        limits: Limits | None = None,
        allow_unmarked_end: bool = True,
        name: Name | None = None,
    ) -> None:
        framing = Sasl(_name(mechanism, name), allows=allows, max_size=max_size, marks_end=False)
        setup = Setup.of(mechanism, framing, require, mutual, HANDSHAKE_SECONDS, limits, allow_unmarked_end)
        super().__init__(framing.mechanism, setup, None, (tls, address))
        self._started = False

    async def challenge(self, response: bytes | None) -> bytes:
        """Take the client's message; what to send to it, with success if the exchange is :attr:`complete` then.

        Of a success without data it is empty, and nothing need be sent with it.

        :param response: None if the client has named the mechanism and sent nothing along
        :raises AuthenticationError: and its kinds: no ticket for us, too little protection, may not act as it wants to
        :raises AuthorizationError: the application does not want this client
        :raises IntegrityError: the negotiation of the layer was altered
        :raises RemoteProtocolError: that message may not come now, or is none
        """
        if response is None and not self._started:
            return b""
        start = b"" if self._started else HEADER.build(START, len(self.name)) + self.name.encode()
        self._started = True
        body = response or b""
        return await self._fed(start + HEADER.build(OK, len(body)) + body)


def _name(mechanism: Mechanism, name: Name | None) -> Name:
    known = _NAMES.get(mechanism.name)
    chosen = name or known
    if chosen is None:
        raise ValueError(f"which SASL mechanism {mechanism.name} is for takes name=")
    if known not in (None, chosen):
        raise ValueError(f"SASL's {chosen} is not for the mechanism {mechanism.name}, which is for {known}")
    return chosen


def _frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each frame."""
    while data:
        kind, length = HEADER.parse(data[: HEADER.size])
        end = HEADER.size + length
        yield kind, data[HEADER.size : end]
        data = data[end:]
