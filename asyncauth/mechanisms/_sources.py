"""Where credentials come from, as typed values. They hold names, not keys; acquiring is the mechanisms' work."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TypeAlias

from .._spn import ServicePrincipalName
from ._secret import Secret

__all__ = ["Credential", "CredentialCache", "DefaultCredential", "Keytab", "Password", "UserFile"]


@dataclass(frozen=True, slots=True)
class DefaultCredential:
    """What the process has: a client's default credential cache or logged-on user, a server's default keytab."""

    def __str__(self) -> str:
        return "the default credential"


@dataclass(frozen=True, slots=True)
class CredentialCache:
    """A client's credential cache by name: ``FILE:/run/app/cache``, ``KEYRING:...``, or a plain path."""

    name: str

    def __str__(self) -> str:
        return f"the credential cache {self.name}"


@dataclass(frozen=True, slots=True)
class Keytab:
    """Long-term keys in a file.

    :param path: the keytab file
    :param principal: client: whose ticket to get; the first entry's, if None
    :param spns: server: use the keys of these SPNs only; all entries, if empty. This chooses keys, it does not
        tell apart SPNs that share one key, as all SPNs of one account do
    """

    path: str | os.PathLike[str]
    principal: str | None = None
    spns: tuple[ServicePrincipalName, ...] = ()

    def __str__(self) -> str:
        return f"the keytab {os.fspath(self.path)}"


@dataclass(frozen=True, slots=True, init=False)
class Password:
    """A principal and its password. It cannot be pickled, and no ``repr`` shows the password.

    :param principal: for Kerberos ``alice@EXAMPLE.TEST`` or just ``alice``
    :param password: as text, or in a :class:`Secret` already
    """

    principal: str
    secret: Secret[str] = field(repr=False)

    def __init__(self, principal: str, password: str | Secret[str]) -> None:
        secret = password if isinstance(password, Secret) else Secret(password)
        object.__setattr__(self, "principal", principal)
        object.__setattr__(self, "secret", secret)

    @property
    def password(self) -> str:
        """The password itself."""
        return self.secret.reveal()

    def __str__(self) -> str:
        return f"the password of {self.principal}"


@dataclass(frozen=True, slots=True)
class UserFile:
    """An NTLM server's accounts: a line for each, ``DOMAIN:USER:PASSWORD`` or in smbpasswd's format with hashes.

    :param path: the file; whoever reads it can be any of these users
    """

    path: str | os.PathLike[str]

    def __str__(self) -> str:
        return f"the user file {os.fspath(self.path)}"


Credential: TypeAlias = DefaultCredential | CredentialCache | Keytab | Password | UserFile
