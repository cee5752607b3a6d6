"""Tickets and keytabs of our own, in memory, through the krb5 package.

What GSSAPI's credential store cannot do: get a ticket with a password or a keytab into a cache that nobody
else sees, and choose among a keytab's entries. Every cache and keytab made here has a name of its
own, since MEMORY: names are shared by all of the process, and is destroyed with the object that holds it.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeVar
from uuid import uuid4

import krb5

from ..._errors import CredentialError, MechanismError
from ..._spn import ServicePrincipalName
from ...failures import Krb5, code_with_names
from .._codes import Phase, Where, code_of, explain
from .._sources import CredentialCache, Keytab, Password

__all__ = [
    "MemoryCache", "MemoryKeytab", "code_of_text", "login_of", "realm_of", "stored", "text_of", "ticket_with_keytab",
    "ticket_with_password", "tickets_in", "translated",
]  # fmt: skip

T = TypeVar("T")

_MARGIN_SECONDS = 60.0
"""The end of a ticket's life in which no handshake is begun with it any more; of a short life the last tenth."""


class MemoryCache:
    """A credential cache in memory; gone with this object.

    :param lifetime: seconds until its ticket-granting ticket ends
    """

    def __init__(self, context: krb5.Context, lifetime: float) -> None:
        self.cache = krb5.cc_new_unique(context, b"MEMORY")
        self.name = b"MEMORY:" + (self.cache.name or b"")
        self.lifetime = lifetime
        self.destroy = weakref.finalize(self, krb5.cc_destroy, context, self.cache)
        """Empties it at once; a second call does nothing."""
        self.destroy.atexit = False

    @classmethod
    def empty(cls, lifetime: float) -> MemoryCache:
        """A cache for somebody else to fill."""
        return cls(krb5.init_context(), lifetime)

    def tickets(self) -> dict[str, float]:
        """Until when each ticket in it is good for a new handshake, in seconds of the system's clock, by principal
        without realm."""
        return _tickets(self.cache)


class MemoryKeytab:
    """Keytab entries in memory; gone with this object."""

    def __init__(self, context: krb5.Context) -> None:
        self.name = b"MEMORY:asyncauth-" + uuid4().hex.encode()
        self.keytab = krb5.kt_resolve(context, self.name)

    @classmethod
    def empty(cls) -> MemoryKeytab:
        """One without a key."""
        return cls(krb5.init_context())

    @classmethod
    def copied(cls, source: Keytab | None) -> MemoryKeytab:
        """The entries of a keytab, of the default one for None; those for ``source.spns`` only, if it has any.

        :raises CredentialError: the file cannot be read or is empty, or one of the SPNs has no entry
        """
        where = Where(Phase.KEYTAB, str(source or "the default keytab"))
        return translated(where, lambda: cls._copy(source))

    @classmethod
    def _copy(cls, source: Keytab | None) -> MemoryKeytab:
        context = krb5.init_context()
        spns = source.spns if source else ()
        wanted = {_clear(spn.principal().encode()).lower(): spn for spn in spns}
        found = set()
        copy = cls(context)
        for entry in (
            krb5.kt_resolve(context, os.fsencode(source.path)) if source else krb5.kt_default(context)
        ):
            name = _clear(entry.principal.name or b"").lower()
            if name in wanted or not wanted:
                found.add(name)
                krb5.kt_add_entry(
                    context, copy.keytab, entry.principal, entry.kvno, entry.timestamp, entry.key
                )
        _refuse_missing(source, [wanted[name] for name in wanted.keys() - found])
        if not found:
            raise krb5.Krb5Error(context, Krb5.KRB5_KT_NOTFOUND.number)
        return copy


def ticket_with_password(source: Password) -> MemoryCache:
    """Ask the KDC for an initial ticket. Waits for the KDC.

    :raises CredentialError: wrong password, unknown principal, account disabled
    :raises MechanismError: no KDC answers
    """
    where = Where(Phase.ACQUIRE, str(source), realm=realm_of(source.principal))

    def acquire() -> MemoryCache:
        context = krb5.init_context()
        principal = krb5.parse_name_flags(context, source.principal.encode())
        options = krb5.get_init_creds_opt_alloc(context)
        ticket = krb5.get_init_creds_password(context, principal, options, source.password.encode())
        return stored(context, ticket)

    return translated(where, acquire)


def ticket_with_keytab(source: Keytab) -> MemoryCache:
    """As :func:`ticket_with_password`, with the key of the named, or the first, entry of a keytab."""
    where = Where(Phase.ACQUIRE, str(source), realm=realm_of(source.principal or ""))

    def acquire() -> MemoryCache:
        context = krb5.init_context()
        keytab = krb5.kt_resolve(context, os.fsencode(source.path))
        name = source.principal.encode() if source.principal else _first_principal(source, keytab)
        principal = krb5.parse_name_flags(context, name)
        options = krb5.get_init_creds_opt_alloc(context)
        return stored(context, krb5.get_init_creds_keytab(context, principal, options, keytab))

    return translated(where, acquire)


def login_of(source: CredentialCache | None) -> MemoryCache:
    """A user's ticket-granting tickets, of the default cache for None, without the tickets had with them so far.

    :raises CredentialError: there is no such cache
    """
    where = Where(Phase.ACQUIRE, str(source or "the default credential cache"))

    def copy() -> MemoryCache:
        context = krb5.init_context()
        cache = _cache_of(context, source)
        copied = MemoryCache(context, 0.0)
        krb5.cc_initialize(context, copied.cache, krb5.cc_get_principal(context, cache))
        for ticket in cache:
            if (ticket.server.name or b"").startswith(b"krbtgt/"):
                krb5.cc_store_cred(context, copied.cache, ticket)
        return copied

    return translated(where, copy)


def tickets_in(source: CredentialCache | None) -> dict[str, float]:
    """:meth:`MemoryCache.tickets` of a user's cache, of the default one for None; none, if there is no such cache."""
    context = krb5.init_context()
    try:
        return _tickets(_cache_of(context, source))
    except krb5.Krb5Error:
        return {}


def code_of_text(text: str) -> Krb5 | None:
    """The Kerberos code whose message ``text`` is, if it is one that the catalogue knows.

    GSSAPI's SPNEGO hides the codes of the mechanism beneath behind numbers of its own, which differ from
    process to process. The message is still Kerberos's: the table's, or one with names in it.
    """
    try:
        return code_with_names(text) or _table_texts().get(text)
    except krb5.Krb5Error:  # there is no reading krb5.conf, which may well be what the text is about
        return next((code for code in Krb5 if code.says == text), None)


@cache
def _table_texts() -> dict[str, Krb5]:
    context = krb5.init_context()  # not the catalogue's texts: the library's may be translated
    return {text_of(krb5.Krb5Error(context, code.number)): code for code in reversed(Krb5)}


def stored(context: krb5.Context, ticket: krb5.Creds) -> MemoryCache:
    """A cache with one ticket."""
    cache = MemoryCache(context, ticket.times.endtime - time.time())
    krb5.cc_initialize(context, cache.cache, ticket.client)
    krb5.cc_store_cred(context, cache.cache, ticket)
    return cache


def translated(where: Where, call: Callable[[], T]) -> T:
    """What a call of the library returns; its error as one of ours, which names what ``where`` names."""
    try:
        return call()
    except (krb5.Krb5Error, FileNotFoundError) as error:
        raise _error(where, error) from error


def realm_of(principal: str) -> str:
    """The realm in a principal's text; none, if it says none."""
    return principal.partition("@")[2]


def _cache_of(context: krb5.Context, source: CredentialCache | None) -> krb5.CCache:
    return krb5.cc_resolve(context, source.name.encode()) if source else krb5.cc_default(context)


def _first_principal(source: Keytab, keytab: krb5.KeyTab) -> bytes:
    # The name and not the principal, whose memory ends with the entry.
    for entry in keytab:
        return entry.principal.name or b""
    raise CredentialError(f"{source} is empty", fix="export the account's key into it")


def _refuse_missing(source: Keytab | None, missing: Iterable[ServicePrincipalName]) -> None:
    names = ", ".join(sorted(str(spn) for spn in missing))
    if names:
        raise CredentialError(
            f"{source} has no entry for {names}",
            fix="list its entries with klist -k, and export one for each SPN that is served",
        )


def _tickets(cache: krb5.CCache) -> dict[str, float]:
    return {_clear(ticket.server.name or b"").decode(): _good_until(ticket.times) for ticket in cache}


def _good_until(times: krb5.TicketTimes) -> float:
    return times.endtime - min(_MARGIN_SECONDS, (times.endtime - (times.starttime or times.authtime)) / 10)


def _clear(name: bytes) -> bytes:
    return name.rpartition(b"@")[0]


def _error(where: Where, error: krb5.Krb5Error | OSError) -> MechanismError:
    number = error.err_code if isinstance(error, krb5.Krb5Error) else error.errno or 0
    text = text_of(error)
    found = explain(where, code_of(0, number) or code_of_text(text), text, number)
    if where.phase is Phase.KEYTAB and type(found) is MechanismError:
        return CredentialError(found.message, fix="see whether it is a keytab: klist -k", code=found.code)
    return found


def text_of(error: krb5.Krb5Error | OSError) -> str:
    """What the library says, without the number."""
    if isinstance(error, krb5.Krb5Error):
        return str(error).removesuffix(f" {error.err_code}")
    return error.strerror or type(error).__name__
