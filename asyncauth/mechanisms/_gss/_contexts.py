"""Security contexts through GSSAPI, below python-gssapi's object layer.

``gssapi.raw`` costs half of what ``gssapi.SecurityContext`` does for a handshake, and it raises an error where it
happens: the object layer keeps a failed step's error until the next call when there is a token to send.

Target names are imported as Kerberos principals. A host-based name, as pyspnego and .NET on Unix use, makes
exactly two components of anything and lower-cases one, and MIT may look the host up in DNS; a three-part SPN
never reaches the KDC that way.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from gssapi import NameType, raw
from gssapi.raw.named_tuples import AcceptSecContextResult, InitSecContextResult

from ..._bindings import Bound, application_data
from ..._errors import InvalidName, MechanismError
from ..._spn import ServicePrincipalName
from ..._types import Delegation, Peer, Policy, Protection
from ...abc import ContextInfo, StepResult
from ...tokens import Service, requested_service
from .._codes import Phase
from ._claims import claims_of
from ._credentials import Initiator
from ._delegated import Delegated, taken
from ._errors import mechanism_error
from ._keys import KRB5, MECHANISMS, Acceptor
from ._messages import GssMessages

__all__ = ["GssAcceptor", "GssInitiator"]

_MUTUAL, _REPLAY, _SEQUENCE, _SEAL, _SIGN = 0x02, 0x04, 0x08, 0x10, 0x20
_DELEGATE, _DELEGATE_IF_TRUSTED = 0x1, 0x8000
"""GSS_C_DELEG_FLAG, and GSS_C_DELEG_POLICY_FLAG: only where the KDC says OK-AS-DELEGATE (RFC 5896)."""
_CHANNEL_BOUND = 0x800
"""GSS_C_CHANNEL_BOUND_FLAG: both gave channel bindings, and the same. MIT has it since 1.19."""
_UNBOUND = Bound()

_REQUESTED = (0, _SIGN | _REPLAY | _SEQUENCE, _SEAL | _SIGN | _REPLAY | _SEQUENCE)
"""By the protection wanted."""

_GRANTED = {
    0: Protection.NONE,
    _SEAL: Protection.NONE,
    _SIGN: Protection.SIGN,
    _SEAL | _SIGN: Protection.SEAL,
}


class _GssContext(GssMessages):
    """What both roles have in common once the context is complete."""

    __slots__ = ("_channel", "_flags", "_lifetime", "_peer", "_policy")

    def __init__(self, peer_name: str, policy: Policy, bulk: bool) -> None:
        super().__init__(peer_name, bulk)
        self._policy = policy
        self._channel: bytes | None = None
        self._peer: Peer | None = None
        self._flags = 0
        self._lifetime: float | None = None

    def bind(self, channel: bytes, /) -> None:
        self._channel = channel

    def info(self) -> ContextInfo:
        return self._info(_UNBOUND, None, None)

    def _info(
        self, bound: Bound, claimed: ServicePrincipalName | None, delegated: Delegated | None
    ) -> ContextInfo:
        kerberos = self._mech == KRB5
        flags = self._flags
        return ContextInfo(
            "kerberos" if kerberos else self._mech.dotted_form,
            _GRANTED[flags & (_SEAL | _SIGN)],
            bool(flags & _MUTUAL) and kerberos,
            self._peer,
            self._lifetime,
            bound,
            claimed,
            bool(flags & _DELEGATE),
            delegated,
        )


class GssInitiator(_GssContext):
    """A client's context."""

    __slots__ = (
        "_bindings",
        "_credentials",
        "_creds",
        "_mechanism",
        "_principal",
        "_protection",
        "_request",
    )

    initiates = True

    def __init__(
        self,
        target: ServicePrincipalName,
        policy: Policy,
        mechanism: str,
        credentials: Initiator,
        *,
        bulk: bool = True,
    ) -> None:
        super().__init__(str(target), policy, bulk)
        self._principal = _principal(self._peer_name)
        self._bindings: raw.ChannelBindings | None = None
        self._protection = policy.protection
        self._request = _REQUESTED[policy.protection] | (_MUTUAL if policy.mutual else 0)
        if policy.delegation is not Delegation.NONE:
            trusted = policy.delegation is Delegation.TRUSTED
            self._request |= _DELEGATE_IF_TRUSTED if trusted else _DELEGATE
        self._mechanism = MECHANISMS[mechanism]
        self._credentials = credentials
        self._creds: raw.Creds | None = None

    @property
    def may_wait(self) -> bool:
        if self._context is not None:
            return False
        if self._policy.delegation is not Delegation.NONE:
            return True  # each handshake asks the KDC for a ticket to hand over
        if self._creds is None:
            self._creds = self._credentials.ready(self._principal.key, self._protection)
        return self._creds is None

    def step(self, token: bytes | None, /) -> StepResult:
        waits = self.may_wait
        if waits:
            self._creds = self._credentials.acquire(self._protection)
        if self._context is None:
            data, _ = application_data(self._policy, self._principal.components, self._channel)
            self._bindings = _bindings(data)
        try:
            result = raw.init_sec_context(
                self._principal.name,
                self._creds,
                self._context,
                self._mechanism,
                self._request,
                None,
                self._bindings,
                token,
            )
        except raw.GSSError as error:
            phase = Phase.INITIATE if self._context is None else Phase.ANSWER
            raise mechanism_error(self._credentials.where(phase, self._peer_name), error, token) from error
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

    __slots__ = ("_asked", "_bound", "_credentials", "_delegated")
    initiates = False

    def __init__(self, credentials: Acceptor, policy: Policy, *, bulk: bool = True) -> None:
        super().__init__("the client", policy, bulk)
        self._credentials = credentials
        self._asked: Service | None = None
        self._bound = _UNBOUND
        self._delegated: Delegated | None = None

    @property
    def may_wait(self) -> bool:
        return not self._credentials.ready()

    def step(self, token: bytes | None, /) -> StepResult:
        if token is None:
            raise MechanismError("a server needs the client's token before it can answer")
        creds = self._credentials.use()
        self._asked = self._asked or requested_service(token)
        components = self._asked.components if self._asked else None
        data, self._bound = application_data(self._policy, components, self._channel)
        try:
            result = raw.accept_sec_context(token, creds, self._context, _bindings(data))
        except raw.GSSError as error:
            raise mechanism_error(self._credentials.where(Phase.ACCEPT), error, token) from error
        self._context = result.context
        if not result.more_steps:
            self._finish(result)
        return StepResult(result.token or None, not result.more_steps)

    def info(self) -> ContextInfo:
        bound = self._bound if self._flags & _CHANNEL_BOUND else _UNBOUND
        return self._info(bound, _spn(self._asked), self._delegated)

    def _finish(self, result: AcceptSecContextResult) -> None:
        self._flags = int(result.flags)
        self._mech = result.mech
        self._lifetime = float(result.lifetime) if result.lifetime else None
        name = raw.display_name(result.initiator_name, False).name.decode(errors="backslashreplace")
        self._peer = Peer(name, claims_of(result.initiator_name, name))
        self._peer_name = name
        if self._policy.delegation is not Delegation.NONE and result.delegated_creds is not None:
            self._delegated = taken(result.delegated_creds, name)


@lru_cache(maxsize=256)
def _bindings(data: bytes | None) -> raw.ChannelBindings | None:
    return None if data is None else raw.ChannelBindings(application_data=data)


@lru_cache(maxsize=1024)
def _spn(asked: Service | None) -> ServicePrincipalName | None:
    """The SPN that the client's ticket names; None for a name that is none."""
    if asked is None or len(asked.components) not in (2, 3):
        return None
    try:
        return ServicePrincipalName.parse(asked.spn)
    except InvalidName:
        return None


class _Principal(NamedTuple):
    """An SPN, as Kerberos and GSSAPI have it."""

    key: str
    """The principal without realm."""
    name: raw.Name
    components: tuple[str, ...]


@lru_cache(maxsize=1024)
def _principal(text: str) -> _Principal:
    """Keyed by the text and not by the SPN, whose equality ignores a case that an MIT KDC does not ignore."""
    spn = ServicePrincipalName.parse(text)
    principal = spn.principal()
    name = raw.import_name(principal.encode(), NameType.kerberos_principal)
    return _Principal(principal.removesuffix("@"), name, spn.components)
