"""What a security mechanism is: something that makes security contexts.

The same contract covers GSSAPI and SSPI; each method names the call that it stands for in both worlds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from .._bindings import Bound

if TYPE_CHECKING:
    from .._spn import ServicePrincipalName
    from .._types import DelegatedCredential, Peer, Policy, Protection

__all__ = ["ContextInfo", "Mechanism", "SecurityContext", "StepResult", "Unwrapped"]


class StepResult(NamedTuple):
    """What one handshake step gave."""

    token: bytes | None
    """The token for the peer, or None when there is nothing to send."""
    complete: bool
    """True when the context is established and needs no further token."""


class Unwrapped(NamedTuple):
    """An opened message."""

    data: bytes
    sealed: bool
    """True if the message was encrypted, False if it was only signed."""


class ContextInfo(NamedTuple):
    """What a complete context says of itself, as the mechanism granted it and not as it was asked."""

    mechanism: str
    """The mechanism that did the work: ``kerberos`` or ``ntlm``."""
    protection: Protection
    mutual: bool
    """The server has proved that it holds the key of the target name; always False for NTLM."""
    peer: Peer | None
    lifetime: float | None
    """Seconds until the context expires, None if it does not."""
    bound: Bound = Bound()
    """Acceptor: the channel bindings that both ends gave and that were the same."""
    claimed: ServicePrincipalName | None = None
    """Acceptor: the SPN in the clear part of the initiator's token."""
    delegates: bool = False
    """The initiator has handed over its credential."""
    delegated: DelegatedCredential | None = None
    """Acceptor: the initiator's credential, where the policy takes one."""


class SecurityContext(Protocol):
    """One side of one connection's security context (``gss_ctx_id_t``, ``CtxtHandle``).

    A context belongs to one connection, is used by one thread at a time, and is never used again after
    any of its methods has raised.
    """

    @property
    def may_wait(self) -> bool:
        """True if the next step may wait for a KDC, DNS or a file, and so must not run on an event loop."""
        ...

    def bind(self, channel: bytes, /) -> None:
        """Name the secure channel below, as the application data of channel bindings (RFC 5929:
        ``tls-server-end-point:`` and a hash); before the first step."""
        ...

    def step(self, token: bytes | None, /) -> StepResult:
        """Take the peer's token, None for a client's first step, and make the answer.

        ``gss_init_sec_context`` / ``gss_accept_sec_context``; ``InitializeSecurityContext`` /
        ``AcceptSecurityContext``. The first step also acquires the credentials where they are not at hand.
        It touches nothing but the context and its mechanism's credentials, so that it may run in a thread.

        :raises MechanismError: or one of its kinds; its ``token`` may hold an error token for the peer
        """
        ...

    def info(self) -> ContextInfo:
        """What was reached; only for a complete context."""
        ...

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        """Protect a message: ``gss_wrap``; ``EncryptMessage``. Signed only, if ``seal`` is false.

        What a view is of may change after the call, but not during it.

        :raises IntegrityError: the context has expired or cannot do it
        """
        ...

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        """Open a protected message: ``gss_unwrap``; ``DecryptMessage``.

        A token of type bytes is the context's, and MIT's does write into it; any other is a view of what was received:
        it is not altered, and nothing of it is kept.

        :raises IntegrityError: altered, replayed, out of sequence, after a gap, or not a token at all
        """
        ...

    def sign(self, data: bytes, /) -> bytes:
        """A detached signature: ``gss_get_mic``; ``MakeSignature``."""
        ...

    def verify(self, data: bytes, signature: bytes, /) -> None:
        """Check a detached signature: ``gss_verify_mic``; ``VerifySignature``.

        :raises IntegrityError: as for :meth:`unwrap`
        """
        ...


@runtime_checkable
class Mechanism(Protocol):
    """Makes contexts; holds the credentials and what can be kept between connections.

    One object may serve any number of connections, in either role, at the same time. Making a context
    never waits: whatever must, happens in its first step.
    """

    @property
    def name(self) -> str:
        """``negotiate``, ``kerberos``, ``ntlm``."""
        ...

    def initiate(self, target: ServicePrincipalName, policy: Policy, /) -> SecurityContext:
        """A client's context, which will ask the KDC for exactly ``target``."""
        ...

    def accept(self, policy: Policy, /) -> SecurityContext:
        """A server's context."""
        ...

    def prepare_server(self) -> None:
        """Read now what every acceptor will need, so that a server without a key fails at its start and not at
        its first client. May wait for files; calling it is optional.

        :raises CredentialError: no keytab, no entry, or not readable
        """
        ...
