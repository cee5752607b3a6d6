"""The mechanisms by name. Which library does the work is decided when the first context is made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._errors import CredentialError, MechanismUnavailable
from ._sources import Credential, DefaultCredential, Keytab

if TYPE_CHECKING:
    from .._spn import ServicePrincipalName
    from .._types import DelegatedCredential, Policy
    from ..abc import SecurityContext
    from ._gss import Acceptor, GssAcceptor, GssInitiator, Initiator

__all__ = ["Kerberos", "Negotiate", "Ntlm"]


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MechanismUnavailable(
            f"Kerberos needs the packages gssapi and krb5 ({error})",
            fix="install asyncauth[kerberos]; building them needs Debian's libkrb5-dev, gcc and python3-dev",
        ) from error


class _Mechanism:
    """What the three have in common.

    :param credential: where the credentials come from; the default cache or keytab, or on Windows the
        logged-on user, if None
    """

    name: str

    def __init__(self, credential: Credential | DelegatedCredential | None = None) -> None:
        self.credential: Credential | DelegatedCredential = credential or DefaultCredential()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.credential!r})"


class _KerberosFamily(_Mechanism):
    """Through GSSAPI, or on Windows through SSPI.

    :param bulk: seal and open large messages with OpenSSL, where ``cryptography`` is installed and the key is of AES.
        The bytes on the wire are the same and the peer need not know; False leaves every message to GSSAPI.
        See docs/message-protection.md
    """

    _initiator: Initiator | None = None
    _acceptor: Acceptor | None = None
    _initiating: type[GssInitiator]
    _accepting: type[GssAcceptor]

    def __init__(
        self, credential: Credential | DelegatedCredential | None = None, *, bulk: bool = True
    ) -> None:
        super().__init__(credential)
        self.bulk = bulk

    def initiate(self, target: ServicePrincipalName, policy: Policy, /) -> SecurityContext:
        if sys.platform == "win32":
            from ._pyspnego import client_context

            return client_context(self.name, self.credential, target, policy)
        if self._initiator is None:
            with _installed():
                from ._gss import GssInitiator, initiator
            self._initiating = GssInitiator
            self._initiator = initiator(self.credential, self.name)
        return self._initiating(target, policy, self.name, self._initiator, bulk=self.bulk)

    def accept(self, policy: Policy, /) -> SecurityContext:
        if sys.platform == "win32":
            from ._pyspnego import server_context

            return server_context(self.name, self.credential, policy)
        credentials = self._acceptor_credentials()
        return self._accepting(credentials, policy, bulk=self.bulk)

    def prepare_server(self) -> None:
        if sys.platform != "win32":
            self._acceptor_credentials().use()

    def _acceptor_credentials(self) -> Acceptor:
        if self._acceptor is None:
            if not isinstance(self.credential, DefaultCredential | Keytab):
                raise CredentialError(
                    f"{self.credential} cannot be used by a server",
                    fix="export the account's key to a keytab",
                )
            with _installed():
                from ._gss import Acceptor, GssAcceptor
            self._accepting = GssAcceptor
            self._acceptor = Acceptor(self.credential, self.name)
        return self._acceptor


class Negotiate(_KerberosFamily):
    """SPNEGO (RFC 4178) over Kerberos, as Windows and .NET speak it. NTLM is not offered and not accepted."""

    name = "negotiate"


class Kerberos(_KerberosFamily):
    """Kerberos (RFC 4121) without negotiation."""

    name = "kerberos"


class Ntlm(_Mechanism):
    """NTLM, for whoever asks for it by name. It cannot prove a server's identity: a policy that requires mutual
    authentication refuses it.

    A client takes a :class:`Password`, a server a :class:`UserFile`; on Windows either takes what the process has.
    """

    name = "ntlm"

    def initiate(self, target: ServicePrincipalName, policy: Policy, /) -> SecurityContext:
        from ._pyspnego import client_context

        return client_context(self.name, self.credential, target, policy)

    def accept(self, policy: Policy, /) -> SecurityContext:
        from ._pyspnego import server_context

        return server_context(self.name, self.credential, policy)

    def prepare_server(self) -> None:
        pass
