"""Security contexts through pyspnego: SSPI on Windows, and NTLM everywhere.

pyspnego asks for flags and does not look at what was granted, its NTLM never knows who the server is, and a
signed message passes its ``unwrap`` without complaint. So nothing it says is taken for granted here: mutual
counts for Kerberos only, and whether a message was sealed is told to the engine, which decides.

A client sends channel bindings. A server looks at none: pyspnego does not say whether the client sent any, takes zeros
for a match, and refuses whoever sends none. So a policy that requires them refuses everybody here. There is no target
binding: an NTLM token has no ticket.

Its NTLM seals whatever it is given to wrap. That is more than signing, and it is what Samba's directory server expects
where only signing was agreed, so it is left as it is.

At the level DEBUG pyspnego logs whole tokens. Its loggers are set to INFO, unless the program has set them to something
else by name; a program that debugs itself does not publish its users' tokens.

pyspnego finds an NTLM server's accounts through an environment variable only, which would be one file for the whole
process. A file that is named to us is put in its place for the moment in which it is read.

On Windows the SPN is handed over as one string: pyspnego joins ``service`` and ``hostname`` with a slash, and a
host of ``app1/CN=...`` goes through to ``InitializeSecurityContext`` as it stands.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import spnego
import spnego._ntlm
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from .._errors import CredentialError, IntegrityError, MechanismError
from .._spn import ServicePrincipalName
from .._types import DelegatedCredential, Peer, Policy, Protection
from ..abc import ContextInfo, StepResult, Unwrapped
from ._sources import Credential, DefaultCredential, Password, UserFile

if (_log := logging.getLogger("spnego")).level == logging.NOTSET:
    _log.setLevel(logging.INFO)

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

    def __init__(self, context: spnego.ContextProxy, peer_name: str, users: str | None = None) -> None:
        self._context = context
        self._peer_name = peer_name
        self._users = users
        self._bindings: GssChannelBindings | None = None

    def bind(self, channel: bytes, /) -> None:
        if self._context.usage == "initiate":
            self._bindings = GssChannelBindings(application_data=channel)

    def step(self, token: bytes | None, /) -> StepResult:
        try:
            with _reading(self._users):
                answer = self._context.step(token, channel_bindings=self._bindings)
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

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        try:
            result = self._context.wrap(bytes(data), encrypt=seal)
        except SpnegoError as error:
            raise self._broken(error) from error
        if seal and not result.encrypted:
            raise IntegrityError(f"the mechanism did not seal a message for {self._peer_name}")
        return result.data

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        try:
            result = self._context.unwrap(bytes(token))
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
    protocol: str, source: Credential | DelegatedCredential, target: ServicePrincipalName, policy: Policy
) -> SpnegoContext:
    """An initiator's context for exactly ``target``.

    :raises CredentialError: this kind of credential cannot be used here
    """
    service, _, host = str(target).partition("/")
    flags = _REQUESTED[policy.protection]
    if policy.mutual:
        flags |= spnego.ContextReq.mutual_auth
    try:
        context = spnego.client(
            *_account(source), hostname=host, service=service, context_req=flags, protocol=protocol
        )
    except (SpnegoError, ValueError) as error:
        raise _refused(str(target), error) from error.with_traceback(None)  # whose frames hold the password
    return SpnegoContext(context, str(target))


def server_context(protocol: str, source: Credential | DelegatedCredential, policy: Policy) -> SpnegoContext:
    """An acceptor's context, with the credentials the system has for it, or for NTLM with a file of accounts.

    :raises CredentialError: another kind of credential, or no such file
    """
    users = _users_of(source) if protocol == "ntlm" else None
    if users is None and not isinstance(source, DefaultCredential):
        raise CredentialError(
            f"{source} cannot be used for a {protocol} server here",
            fix="for NTLM name a UserFile; on Windows run the service under its own account",
        )
    flags = _REQUESTED[policy.protection]
    try:
        with _reading(users):
            context = spnego.server(context_req=flags, protocol=protocol)
    except (SpnegoError, ValueError) as error:
        raise _refused("the client", error) from error
    return SpnegoContext(context, "the client", users)


def _users_of(source: Credential | DelegatedCredential) -> str | None:
    if not isinstance(source, UserFile):
        return None
    path = os.fspath(source.path)
    if not os.access(path, os.R_OK):
        raise CredentialError(
            f"{source} cannot be read",
            fix="name a file that exists, and that this user may read, and nobody else",
        )
    return path


_users: ContextVar[str | None] = ContextVar("_users", default=None)
_from_environment = spnego._ntlm._get_credential_file  # noqa: SLF001 - see the head of this file


def _credential_file() -> str | None:
    return _users.get() or _from_environment()


spnego._ntlm._get_credential_file = _credential_file  # noqa: SLF001


@contextmanager
def _reading(users: str | None) -> Iterator[None]:
    """Meanwhile, in this thread, the accounts are in that file."""
    token = _users.set(users)
    try:
        yield
    finally:
        _users.reset(token)


def _account(source: Credential | DelegatedCredential) -> tuple[str | None, str | None]:
    if isinstance(source, Password):
        return source.principal, source.secret.reveal()
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
