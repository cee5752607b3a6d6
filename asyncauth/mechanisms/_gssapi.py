"""Security contexts through GSSAPI, below python-gssapi's object layer.

``gssapi.raw`` costs half of what ``gssapi.SecurityContext`` does for a handshake, and it raises an error where it
happens: the object layer keeps a failed step's error until the next call when there is a token to send.

Target names are imported as Kerberos principals. A host-based name, as pyspnego and .NET on Unix use, makes
exactly two components of anything and lower-cases one, and MIT may look the host up in DNS; a three-part SPN
never reaches the KDC that way.
"""

from __future__ import annotations

from functools import lru_cache

from gssapi import NameType, raw
from gssapi.raw.named_tuples import AcceptSecContextResult, InitSecContextResult

from .._errors import IntegrityError, MechanismError
from .._spn import ServicePrincipalName
from .._types import Peer, Policy, Protection
from ..abc import ContextInfo, StepResult, Unwrapped
from ._codes import Phase
from ._gss_credentials import KRB5, MECHANISMS, Acceptor, Initiator, initiator
from ._gss_errors import broken_message, mechanism_error

__all__ = ["Acceptor", "GssAcceptor", "GssInitiator", "initiator"]

_MUTUAL, _REPLAY, _SEQUENCE, _SEAL, _SIGN = 0x02, 0x04, 0x08, 0x10, 0x20

_REQUESTED = {
    Protection.NONE: 0,
    Protection.SIGN: _SIGN | _REPLAY | _SEQUENCE,
    Protection.SEAL: _SEAL | _SIGN | _REPLAY | _SEQUENCE,
}

_RFC4121_WRAP = b"\x05\x04"
"""How each Wrap token of RFC 4121 begins; those of RC4 and DES (RFC 1964, 4757) do not, and are refused."""


class _GssContext:
    """What both roles have in common once the context is complete."""

    __slots__ = ("_context", "_flags", "_lifetime", "_mech", "_peer", "_peer_name")

    def __init__(self, peer_name: str) -> None:
        self._context: raw.SecurityContext | None = None
        self._peer_name = peer_name
        self._peer: Peer | None = None
        self._flags = 0
        self._mech = KRB5
        self._lifetime: float | None = None

    def info(self) -> ContextInfo:
        kerberos = self._mech == KRB5
        flags = self._flags
        signed = Protection.SIGN if flags & _SIGN else Protection.NONE
        return ContextInfo(
            mechanism="kerberos" if kerberos else self._mech.dotted_form,
            protection=Protection.SEAL if flags & _SEAL and flags & _SIGN else signed,
            mutual=bool(flags & _MUTUAL) and kerberos,
            peer=self._peer,
            lifetime=self._lifetime,
        )

    def wrap(self, data: bytes, seal: bool, /) -> bytes:
        try:
            message, sealed = raw.wrap(self._context, data, seal)  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error
        if sealed is not seal or not message.startswith(_RFC4121_WRAP):
            raise self._weak()
        return message

    def unwrap(self, token: bytes, /) -> Unwrapped:
        if not token.startswith(_RFC4121_WRAP):
            raise self._weak()
        try:
            message, sealed, _ = raw.unwrap(self._context, token)  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error
        return Unwrapped(message, sealed)

    def sign(self, data: bytes, /) -> bytes:
        try:
            return raw.get_mic(self._context, data)  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error

    def verify(self, data: bytes, signature: bytes, /) -> None:
        try:
            raw.verify_mic(self._context, data, signature)  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error

    def _weak(self) -> IntegrityError:
        return IntegrityError(
            f"the message from or to {self._peer_name} is no Wrap token of RFC 4121",
            fix="if the account allows RC4 or DES only, enable AES on it and set its password anew",
        )


class GssInitiator(_GssContext):
    """A client's context."""

    __slots__ = ("_credentials", "_creds", "_key", "_mechanism", "_name", "_protection", "_request")

    def __init__(
        self, target: ServicePrincipalName, policy: Policy, mechanism: str, credentials: Initiator
    ) -> None:
        super().__init__(str(target))
        self._key, self._name = _principal(self._peer_name)
        self._protection = policy.protection
        self._request = _REQUESTED[policy.protection] | (_MUTUAL if policy.mutual else 0)
        self._mechanism = MECHANISMS[mechanism]
        self._credentials = credentials
        self._creds: raw.Creds | None = None

    @property
    def may_wait(self) -> bool:
        if self._context is not None:
            return False
        if self._creds is None:
            self._creds = self._credentials.ready(self._key, self._protection)
        return self._creds is None

    def step(self, token: bytes | None, /) -> StepResult:
        waits = self.may_wait
        if waits:
            self._creds = self._credentials.acquire(self._protection)
        phase = Phase.INITIATE if self._context is None else Phase.ANSWER
        try:
            result = raw.init_sec_context(
                self._name, self._creds, self._context, self._mechanism, self._request, None, None, token
            )
        except raw.GSSError as error:
            raise mechanism_error(self._credentials.where(phase, self._peer_name), error) from error
        self._context = result.context
        if waits:
            self._credentials.stepped()
        if not result.more_steps:
            self._finish(result)
        return StepResult(result.token or None, not result.more_steps)

    def _finish(self, result: InitSecContextResult) -> None:
        self._flags = int(result.flags)
        self._mech = result.mech
        self._lifetime = float(result.lifetime) if result.lifetime else None
        self._peer = Peer(self._peer_name)
        self._creds = None


class GssAcceptor(_GssContext):
    """A server's context."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Acceptor) -> None:
        super().__init__("the client")
        self._credentials = credentials

    @property
    def may_wait(self) -> bool:
        return not self._credentials.ready()

    def step(self, token: bytes | None, /) -> StepResult:
        if token is None:
            raise MechanismError("a server needs the client's token before it can answer")
        creds = self._credentials.use()
        try:
            result = raw.accept_sec_context(token, creds, self._context)
        except raw.GSSError as error:
            raise mechanism_error(self._credentials.where(Phase.ACCEPT), error) from error
        self._context = result.context
        if not result.more_steps:
            self._finish(result)
        return StepResult(result.token or None, not result.more_steps)

    def _finish(self, result: AcceptSecContextResult) -> None:
        self._flags = int(result.flags)
        self._mech = result.mech
        self._lifetime = float(result.lifetime) if result.lifetime else None
        name = raw.display_name(result.initiator_name, False).name.decode()
        self._peer = Peer(name)
        self._peer_name = name


@lru_cache(maxsize=1024)
def _principal(spn: str) -> tuple[str, raw.Name]:
    """The principal without realm, and as a GSSAPI name.

    Keyed by the text and not by the SPN, whose equality ignores a case that an MIT KDC does not ignore.
    """
    principal = ServicePrincipalName.parse(spn).principal()
    return principal.removesuffix("@"), raw.import_name(principal.encode(), NameType.kerberos_principal)
