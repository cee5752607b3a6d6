"""Security contexts through pyspnego: SSPI on Windows, and NTLM everywhere.

pyspnego asks for flags and does not look at what was granted, its NTLM never knows who the server is, and a
signed message passes its ``unwrap`` without complaint. So nothing it says is taken for granted here: mutual
counts for Kerberos only, and whether a message was sealed is told to the engine, which decides.

On Windows the SPN is handed over as one string: pyspnego joins ``service`` and ``hostname`` with a slash, and a
host of ``app1/CN=...`` goes through to ``InitializeSecurityContext`` as it stands.
"""

from __future__ import annotations

import spnego
from spnego.exceptions import SpnegoError

from .._errors import CredentialError, IntegrityError, MechanismError
from .._spn import ServicePrincipalName
from .._types import Peer, Policy, Protection
from ..abc import ContextInfo, StepResult, Unwrapped
from ._sources import Credential, DefaultCredential, Password

__all__ = ["SpnegoContext", "client_context", "server_context"]

_REQUESTED = {
    Protection.NONE: spnego.ContextReq.none,
    Protection.SIGN: spnego.ContextReq.integrity
    | spnego.ContextReq.replay_detect
    | spnego.ContextReq.sequence_detect,
    Protection.SEAL: spnego.ContextReq.default & ~spnego.ContextReq.mutual_auth,
}


class SpnegoContext:
    """One side of a connection's context, in either role. Every step may wait: SSPI asks the LSA."""

    may_wait = True

    def __init__(self, context: spnego.ContextProxy, peer_name: str) -> None:
        self._context = context
        self._peer_name = peer_name

    def step(self, token: bytes | None, /) -> StepResult:
        try:
            answer = self._context.step(token)
        except Exception as error:
            raise _refused(self._peer_name, error) from error
        return StepResult(answer or None, self._context.complete)

    def info(self) -> ContextInfo:
        context = self._context
        granted = context.context_attr
        mechanism = context.negotiated_protocol or context.protocol
        sealed = bool(granted & spnego.ContextReq.confidentiality)
        signed = bool(granted & spnego.ContextReq.integrity)
        return ContextInfo(
            mechanism=mechanism,
            protection=Protection(int(signed) + int(sealed and signed)),
            mutual=mechanism == "kerberos" and bool(granted & spnego.ContextReq.mutual_auth),
            peer=self._peer(),
            lifetime=None,
        )

    def wrap(self, data: bytes, seal: bool, /) -> bytes:
        try:
            result = self._context.wrap(data, encrypt=seal)
        except SpnegoError as error:
            raise self._broken(error) from error
        if result.encrypted is not seal:
            raise IntegrityError(f"the mechanism did not seal a message for {self._peer_name}")
        return result.data

    def unwrap(self, token: bytes, /) -> Unwrapped:
        try:
            result = self._context.unwrap(token)
        except Exception as error:
            raise self._broken(error) from error
        return Unwrapped(result.data, result.encrypted)

    def sign(self, data: bytes, /) -> bytes:
        try:
            return self._context.sign(data)
        except SpnegoError as error:
            raise self._broken(error) from error

    def verify(self, data: bytes, signature: bytes, /) -> None:
        try:
            self._context.verify(data, signature)
        except (SpnegoError, ValueError) as error:
            raise self._broken(error) from error

    def _peer(self) -> Peer | None:
        if self._context.usage == "initiate":
            return Peer(self._peer_name)
        name = self._context.client_principal
        return Peer(name) if name else None

    def _broken(self, error: Exception) -> IntegrityError:
        return IntegrityError(
            f"a message from or to {self._peer_name} was altered, lost or repeated ({_text(error)})",
            fix="drop this connection",
        )


def client_context(
    protocol: str, source: Credential, target: ServicePrincipalName, policy: Policy
) -> SpnegoContext:
    """An initiator's context for exactly ``target``.

    :raises CredentialError: this kind of credential cannot be used here
    """
    name, password = _account(source)
    service, _, host = str(target).partition("/")
    flags = _REQUESTED[policy.protection]
    if policy.mutual:
        flags |= spnego.ContextReq.mutual_auth
    try:
        context = spnego.client(
            name, password, hostname=host, service=service, context_req=flags, protocol=protocol
        )
    except (SpnegoError, ValueError) as error:
        raise _refused(str(target), error) from error
    return SpnegoContext(context, str(target))


def server_context(protocol: str, source: Credential, policy: Policy) -> SpnegoContext:
    """An acceptor's context, with the credentials the system has for it."""
    if not isinstance(source, DefaultCredential):
        raise CredentialError(
            f"{source} cannot be used for a {protocol} server here",
            fix="run the service under its own account; for NTLM name a user file in NTLM_USER_FILE",
        )
    flags = _REQUESTED[policy.protection]
    try:
        context = spnego.server(context_req=flags, protocol=protocol)
    except (SpnegoError, ValueError) as error:
        raise _refused("the client", error) from error
    return SpnegoContext(context, "the client")


def _account(source: Credential) -> tuple[str | None, str | None]:
    if isinstance(source, Password):
        return source.principal, source.password
    if isinstance(source, DefaultCredential):
        return None, None
    raise CredentialError(
        f"{source} cannot be used here", fix="use the logged-on user, or a principal and its password"
    )


def _refused(peer: str, error: Exception) -> MechanismError:
    return MechanismError(
        f"the handshake with {peer} failed ({_text(error)})",
        fix="check the account and its password, and that the other end offers this mechanism",
    )


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
