"""One entry of a keytab, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .._secret import Secret

__all__ = ["KeytabEntry"]


@dataclass(frozen=True, slots=True)
class KeytabEntry:
    """A principal's key in a version and an encryption type.

    :param principal: with its realm, as MIT writes it: ``http/app1.example.test@EXAMPLE.TEST``
    :param kvno: version of the key; grows with each new password
    :param enctype: number of the encryption type (RFC 3961 and IANA's registry), 18 for AES-256 with SHA-1
    :param key: the key itself; not shown, not pickled
    :param timestamp: when the entry was written, seconds since 1970
    """

    principal: str
    kvno: int
    enctype: int
    key: Secret[bytes] = field(repr=False)
    timestamp: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The principal without its realm."""
        return self.principal.rpartition("@")[0]

    @property
    def realm(self) -> str:
        """The principal's realm."""
        return self.principal.rpartition("@")[2]

    @property
    def is_service(self) -> bool:
        """True for a service principal name, which has several parts; an account's own name has one."""
        return "/" in self.name.replace("\\/", "")

    def renamed(self, principal: str) -> KeytabEntry:
        """The same key under another name: what several SPNs of one account have.

        :param principal: with its realm
        """
        return replace(self, principal=principal)
