"""Tickets and keytabs of our own, in memory, through the krb5 package.

What GSSAPI's credential store cannot do: get a ticket with a password or a keytab into a cache that nobody
else sees, and choose among a keytab's entries. Every cache and keytab made here has a name of its own, since
MEMORY: names are shared by all of the process, and is destroyed with the object that holds it.
"""

from __future__ import annotations

import os
import re
import time
import weakref
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeVar
from uuid import uuid4

import krb5

from .._errors import CredentialError, MechanismError
from .._spn import ServicePrincipalName
from ._codes import Krb5, Phase, Where, explain
from ._sources import Keytab, Password

__all__ = ["MemoryCache", "MemoryKeytab", "code_of_text", "ticket_with_keytab", "ticket_with_password"]

T = TypeVar("T")

_EXTENDED_TEXTS: tuple[tuple[str, int], ...] = (
    (r"Server .* not found in Kerberos database", Krb5.S_PRINCIPAL_UNKNOWN),
    (r"Client .* not found in Kerberos database", Krb5.C_PRINCIPAL_UNKNOWN),
    (r"Request ticket server .* kvno \d+ (not found in keytab|found in keytab but not with)", Krb5.BADKEYVER),
    (r"Request ticket server .* kvno \d+ .* cannot decrypt ticket", Krb5.BAD_INTEGRITY),
    (r"Cannot decrypt ticket for ", Krb5.BAD_INTEGRITY),
    (r"Cannot find key for .* kvno \d+ in keytab", Krb5.BADKEYVER),
    (r"Request ticket server |Server principal .* does not match", Krb5.NOT_US),
    (r"Keytab .* is nonexistent or empty|Keytab contains no suitable keys", Krb5.KT_NOTFOUND),
    (r"Cannot find KDC for realm", Krb5.REALM_UNKNOWN),
    (r"Cannot contact any KDC for realm", Krb5.KDC_UNREACH),
    (r"Credentials cache .* not found|No Kerberos credentials available", Krb5.CC_NOTFOUND),
)
"""MIT's messages that have names in them, for where the code itself is hidden."""


class MemoryCache:
    """A credential cache in memory; gone with this object.

    :param lifetime: seconds until its ticket-granting ticket ends
    """

    def __init__(self, context: krb5.Context, lifetime: float) -> None:
        self.cache = krb5.cc_new_unique(context, b"MEMORY")
        self.name = b"MEMORY:" + (self.cache.name or b"")
        self.lifetime = lifetime
        weakref.finalize(self, krb5.cc_destroy, context, self.cache).atexit = False

    @classmethod
    def empty(cls, lifetime: float) -> MemoryCache:
        """A cache for somebody else to fill."""
        return cls(krb5.init_context(), lifetime)

    def tickets(self) -> dict[str, float]:
        """When each ticket in it ends, in seconds of the system's clock, by principal without realm."""
        return {
            _clear(ticket.server.name or b"").decode(): float(ticket.times.endtime) for ticket in self.cache
        }


class MemoryKeytab:
    """The entries of some SPNs, copied out of a keytab file; gone with this object."""

    def __init__(self, context: krb5.Context) -> None:
        self.name = b"MEMORY:asyncauth-" + uuid4().hex.encode()
        self.keytab = krb5.kt_resolve(context, self.name)

    @classmethod
    def copied(cls, source: Keytab) -> MemoryKeytab:
        """The entries for ``source.spns``.

        :raises CredentialError: the file cannot be read, or one of the SPNs has no entry
        """
        return _translated(Where(Phase.KEYTAB, str(source)), lambda: cls._copy(source))

    @classmethod
    def _copy(cls, source: Keytab) -> MemoryKeytab:
        context = krb5.init_context()
        wanted = {_clear(spn.principal().encode()).lower(): spn for spn in source.spns}
        found = set()
        copy = cls(context)
        for entry in krb5.kt_resolve(context, os.fsencode(source.path)):
            name = _clear(entry.principal.name or b"").lower()
            if name in wanted:
                found.add(name)
                krb5.kt_add_entry(
                    context, copy.keytab, entry.principal, entry.kvno, entry.timestamp, entry.key
                )
        _refuse_missing(source, [wanted[name] for name in wanted.keys() - found])
        return copy


def ticket_with_password(source: Password) -> MemoryCache:
    """Ask the KDC for an initial ticket. Waits for the KDC.

    :raises CredentialError: wrong password, unknown principal, account disabled
    :raises MechanismError: no KDC answers
    """
    where = Where(Phase.ACQUIRE, str(source), realm=_realm(source.principal))

    def acquire() -> MemoryCache:
        context = krb5.init_context()
        principal = krb5.parse_name_flags(context, source.principal.encode())
        options = krb5.get_init_creds_opt_alloc(context)
        password = source.password.encode()
        return _stored(context, krb5.get_init_creds_password(context, principal, options, password))

    return _translated(where, acquire)


def ticket_with_keytab(source: Keytab) -> MemoryCache:
    """As :func:`ticket_with_password`, with the key of the named, or the first, entry of a keytab."""
    where = Where(Phase.ACQUIRE, str(source), realm=_realm(source.principal or ""))

    def acquire() -> MemoryCache:
        context = krb5.init_context()
        keytab = krb5.kt_resolve(context, os.fsencode(source.path))
        name = source.principal.encode() if source.principal else _first_principal(source, keytab)
        principal = krb5.parse_name_flags(context, name)
        options = krb5.get_init_creds_opt_alloc(context)
        return _stored(context, krb5.get_init_creds_keytab(context, principal, options, keytab))

    return _translated(where, acquire)


def code_of_text(text: str) -> int:
    """The Kerberos code whose message ``text`` is, or 0.

    GSSAPI's SPNEGO hides the codes of the mechanism beneath behind numbers of its own, which differ from
    process to process. The message is still Kerberos's: the table's, or one with names in it.
    """
    for pattern, code in _EXTENDED_TEXTS:
        if re.match(pattern, text):
            return code
    return _table_texts().get(text, 0)


@cache
def _table_texts() -> dict[str, int]:
    context = krb5.init_context()
    return {_text(krb5.Krb5Error(context, code)): code for code in Krb5}


def _stored(context: krb5.Context, ticket: krb5.Creds) -> MemoryCache:
    cache = MemoryCache(context, ticket.times.endtime - time.time())
    krb5.cc_initialize(context, cache.cache, ticket.client)
    krb5.cc_store_cred(context, cache.cache, ticket)
    return cache


def _first_principal(source: Keytab, keytab: krb5.KeyTab) -> bytes:
    # The name and not the principal, whose memory ends with the entry.
    for entry in keytab:
        return entry.principal.name or b""
    raise CredentialError(f"{source} is empty", fix="export the account's key into it")


def _refuse_missing(source: Keytab, missing: Iterable[ServicePrincipalName]) -> None:
    names = ", ".join(sorted(str(spn) for spn in missing))
    if names:
        raise CredentialError(
            f"{source} has no entry for {names}",
            fix="list its entries with klist -k, and export one for each SPN that is served",
        )


def _clear(name: bytes) -> bytes:
    return name.rpartition(b"@")[0]


def _realm(principal: str) -> str:
    return principal.rpartition("@")[2] if "@" in principal else ""


def _translated(where: Where, call: Callable[[], T]) -> T:
    try:
        return call()
    except krb5.Krb5Error as error:
        raise _error(where, error) from error
    except FileNotFoundError as error:
        raise _error(where, error) from error


def _error(where: Where, error: krb5.Krb5Error | OSError) -> MechanismError:
    code = error.err_code if isinstance(error, krb5.Krb5Error) else error.errno or 0
    return explain(where, major=0, minor=code, text=_text(error))


def _text(error: krb5.Krb5Error | OSError) -> str:
    if isinstance(error, krb5.Krb5Error):
        return str(error).removesuffix(f" {error.err_code}")
    return error.strerror or type(error).__name__
