"""The errors of asyncauth, one tree.

Every error says what happened, with which name and where (``str``), and, where somebody can act, what
to do about it (``fix``). ``code`` is the number or symbol to search for: a GSSAPI, Kerberos, SSPI or LDAP
code, or None. ``cause`` is why it usually happens; it is not in the text, nor is what not to do: ``asyncauth
explain`` has both. The native exception, where there is one, is the ``__cause__``. No error carries a token,
key or password in its text.

::

    AsyncAuthError
    ├── ProtocolError
    │   ├── LocalProtocolError          you called something at the wrong time
    │   └── RemoteProtocolError         the peer broke the rules of the framing
    │       ├── FrameTooLarge           a frame or handshake longer than the limit, refused unread
    │       └── TruncatedStream         the stream ended without the peer saying that it was the end
    ├── AuthenticationError             the handshake failed
    │   ├── MechanismError              the security mechanism refused
    │   │   ├── CredentialError         our own credentials: none, expired, wrong password, no keytab
    │   │   └── TargetError             the service's name or key: unknown SPN, wrong account, impostor
    │   ├── PeerRejected                the peer said no
    │   ├── ProtectionError             what was reached is less than what was required
    │   ├── AuthorizationError          the client is who it says, and is not wanted
    │   └── HandshakeTimeout            also a TimeoutError
    ├── ConnectError                    also a ConnectionError: no TCP connection to the host
    ├── IntegrityError                  a protected message was altered, lost, doubled or left unsealed
    ├── DiscoveryError                  the service could not be located or published
    │   ├── ServiceNotFound
    │   ├── MalformedRecord             an entry that cannot be a service: no host, a port that is no number
    │   ├── DuplicateName               the SPN belongs to another account of the forest
    │   └── DirectoryError              LDAP or DNS: unreachable, refused, not allowed
    ├── MechanismUnavailable            an optional package is missing
    └── InvalidName                     also a ValueError: text that is no service principal name
"""

from __future__ import annotations

__all__ = [
    "AsyncAuthError",
    "AuthenticationError",
    "AuthorizationError",
    "ConnectError",
    "CredentialError",
    "DirectoryError",
    "DiscoveryError",
    "DuplicateName",
    "FrameTooLarge",
    "HandshakeTimeout",
    "IntegrityError",
    "InvalidName",
    "LocalProtocolError",
    "MalformedRecord",
    "MechanismError",
    "MechanismUnavailable",
    "PeerRejected",
    "ProtectionError",
    "ProtocolError",
    "RemoteProtocolError",
    "ServiceNotFound",
    "TargetError",
    "TruncatedStream",
]


class AsyncAuthError(Exception):
    """Root of everything asyncauth raises on purpose.

    :param message: what happened, with the names concerned; one line, no full stop
    :param fix: what to do about it, an imperative sentence; None where nobody can act
    :param code: native code or symbol to search for
    :param cause: why it usually happens, if that is known better than from the code and the class
    """

    def __init__(
        self, message: str, *, fix: str | None = None, code: str | None = None, cause: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code
        self._cause = cause

    @property
    def cause(self) -> str | None:
        """Why it usually happens, by the catalogue in :mod:`asyncauth.failures`; None where nobody knows."""
        if self._cause is None:
            from .failures import cause_of

            return cause_of(self.code, [each.__name__ for each in type(self).__mro__])
        return self._cause

    def name_peer(self, name: str) -> None:
        """Put a name to "the peer", which is all that the lower layers can call the other side."""
        self.message = self.message.replace("the peer", name, 1)

    def __str__(self) -> str:
        code = f" [{self.code}]" if self.code else ""
        fix = f": {self.fix}" if self.fix else ""
        return f"{self.message}{code}{fix}"


class ProtocolError(AsyncAuthError):
    """The rules of the framing were broken, by us or by the peer."""


class LocalProtocolError(ProtocolError):
    """A call that the connection's state does not allow: a bug in the calling program."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what the framing does not allow."""


class FrameTooLarge(RemoteProtocolError):
    """The peer announced more than the limit; none of the body was kept."""


class TruncatedStream(RemoteProtocolError):
    """The stream ended, and nothing authenticated says that the peer meant it to."""


class AuthenticationError(AsyncAuthError):
    """The handshake failed; no application byte passed in either direction."""


class MechanismError(AuthenticationError):
    """The security mechanism refused.

    ``token``, where there is one, is the mechanism's own error message for the peer (a KRB-ERROR, for
    instance). It never appears in the text.
    """

    token: bytes | None = None


class CredentialError(MechanismError):
    """Our own credentials do not serve: none, expired, wrong password, keytab missing or unreadable."""


class TargetError(MechanismError):
    """The service is not what was asked for: unknown SPN, key of another account, an impostor."""


class PeerRejected(AuthenticationError):
    """The peer refused us and said so; its own log has the reason."""


class ProtectionError(AuthenticationError):
    """The handshake reached less than was required: not mutual, not sealed, the wrong mechanism."""


class AuthorizationError(AuthenticationError):
    """The client has proved who it is, and is not allowed here; it is told no more than that it was refused."""


class HandshakeTimeout(AuthenticationError, TimeoutError):
    """Credentials and handshake together took longer than allowed."""


class ConnectError(AsyncAuthError, ConnectionError):
    """No TCP connection to the host could be made; nothing was authenticated."""


class IntegrityError(AsyncAuthError):
    """A protected message was altered, lost, repeated, reordered, or less protected than agreed."""


class DiscoveryError(AsyncAuthError):
    """The service could not be located or published."""


class ServiceNotFound(DiscoveryError):
    """Nothing in the directory answers the query."""


class MalformedRecord(DiscoveryError):
    """A directory entry that cannot be used: no host, a port that is no number, a damaged address."""


class DuplicateName(DiscoveryError):
    """The SPN is registered on another account; two holders would break authentication for both."""


class DirectoryError(DiscoveryError):
    """The directory itself: unreachable, bind refused, operation not allowed."""


class MechanismUnavailable(AsyncAuthError):
    """An optional package or platform facility is missing; ``fix`` says what to install."""


class InvalidName(AsyncAuthError, ValueError):
    """Text that is not a service principal name."""
