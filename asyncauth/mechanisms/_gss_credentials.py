"""GSSAPI credentials, and what may be kept of them between connections.

A handshake needs the client's ticket for the service. If it is in the credential cache, ``gss_init_sec_context``
takes a few dozen microseconds; if not, it asks the KDC and may sit for half a minute. The library does not say
beforehand which it will be, so we keep account ourselves: a step is *ready*, and may run on the event loop, only
while we know that the ticket lies in a cache in memory which belongs to us alone.

For a password or a keytab that cache is where the ticket was put in the first place. For a cache of the user's
it is a copy, made by the thread that has just used the original. The copy is trusted for a few seconds; then a
thread looks at the original again, so that a new login, a logout or a renewed ticket is noticed soon. It also
saves the file system: MIT opens a FILE: cache four times a handshake.

A server's keytab is read by the library at each handshake, so a rotated keytab needs no restart. Copies of
single entries, for ``Keytab.spns``, are made anew when they are older than the same few seconds.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Protocol, TypeAlias

from gssapi import raw

from .._types import Protection
from ._codes import Phase, Where
from ._gss_errors import translated
from ._krb5 import MemoryCache, MemoryKeytab, ticket_with_keytab, ticket_with_password
from ._sources import Credential, CredentialCache, DefaultCredential, Keytab, Password

__all__ = ["KRB5", "MECHANISMS", "Acceptor", "Initiator", "initiator"]

KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = raw.OID.from_int_seq("1.3.6.1.5.5.2")
MECHANISMS = {"kerberos": KRB5, "negotiate": SPNEGO}
_NO_CI_FLAGS = raw.OID.from_int_seq("1.2.752.43.13.29")
"""GSS_KRB5_CRED_NO_CI_FLAGS_X: ask for just the flags given; MIT otherwise adds sealing and signing."""

Store: TypeAlias = dict[bytes | str, bytes | str]

_TRUST_SECONDS = 5.0
_MARGIN_SECONDS = 60.0


class Initiator(Protocol):
    """A client's credentials for one mechanism."""

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:
        """Credentials whose first step for ``principal`` (an SPN without realm) will not wait, or None."""
        ...

    def acquire(self, protection: Protection) -> raw.Creds:
        """Credentials for a first step that may wait. This itself may wait."""
        ...

    def stepped(self) -> None:
        """A first step that was not ready has succeeded, so that its ticket is there; still in its thread."""
        ...

    def where(self, phase: Phase, spn: str) -> Where:
        """The names for an error's text."""
        ...


class _Source:
    """The names that errors need."""

    def __init__(self, source: Credential) -> None:
        self._description = str(source)
        self._realm = (getattr(source, "principal", None) or "").partition("@")[2]

    def where(self, phase: Phase, spn: str = "") -> Where:
        return Where(phase, self._description, spn, self._realm)


class _Held(raw.Creds):
    """Credentials that keep the cache they lie in: a handshake may outlive the copy that it was begun with, and a
    destroyed cache would fail its second step."""

    cache: MemoryCache


class _Copy:
    """Credentials that lie in a cache of ours, trusted until a moment of the monotonic clock."""

    def __init__(self, cache: MemoryCache, mech: raw.OID, until: float) -> None:
        self._cache = cache
        self._mech = mech
        self._until = until
        self._creds: dict[bool, raw.Creds] = {}
        self._tickets: dict[str, float] = {}

    @property
    def fresh(self) -> bool:
        return time.monotonic() < self._until

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:
        if self.fresh and time.time() < self._tickets.get(principal, 0.0) - _MARGIN_SECONDS:
            return self.creds(protection)
        return None

    def creds(self, protection: Protection) -> raw.Creds:
        exact = protection is not Protection.SEAL
        if exact not in self._creds:
            held = _Held(_acquire({b"ccache": self._cache.name}, self._mech, protection))
            held.cache = self._cache
            self._creds[exact] = held
        return self._creds[exact]

    def list_tickets(self) -> None:
        self._tickets = self._cache.tickets()


class _Ambient(_Source):
    """A cache that belongs to the user: the default one, or a named one."""

    def __init__(self, source: DefaultCredential | CredentialCache, mech: raw.OID) -> None:
        super().__init__(source)
        self._store: Store | None = (
            {b"ccache": source.name.encode()} if isinstance(source, CredentialCache) else None
        )
        self._mech = mech
        self._copy: _Copy | None = None

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:
        return self._copy.ready(principal, protection) if self._copy else None

    def acquire(self, protection: Protection) -> raw.Creds:
        with translated(self.where(Phase.ACQUIRE)):
            return _acquire(self._store, self._mech, protection)

    def stepped(self) -> None:
        with translated(self.where(Phase.ACQUIRE)):
            original = raw.acquire_cred_from(self._store, usage="initiate", mechs=[KRB5])
            cache = MemoryCache.empty(original.lifetime or 0.0)
            raw.store_cred_into({b"ccache": cache.name}, original.creds, usage="initiate", overwrite=True)
        copy = _Copy(cache, self._mech, time.monotonic() + _TRUST_SECONDS)
        copy.list_tickets()
        self._copy = copy


class _Acquired(_Source):
    """A cache of our own, filled with a password or a keytab and filled anew before its ticket ends."""

    def __init__(self, source: Password | Keytab, mech: raw.OID) -> None:
        super().__init__(source)
        self._source = source
        self._mech = mech
        self._lock = threading.Lock()
        self._cache: _Copy | None = None

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:
        return self._cache.ready(principal, protection) if self._cache else None

    def acquire(self, protection: Protection) -> raw.Creds:
        with translated(self.where(Phase.ACQUIRE)):
            return self._current().creds(protection)

    def stepped(self) -> None:
        self._current().list_tickets()

    def _current(self) -> _Copy:
        cache = self._cache
        if cache is not None and cache.fresh:
            return cache
        with self._lock:
            if self._cache is None or not self._cache.fresh:
                self._cache = self._fill()
            return self._cache

    def _fill(self) -> _Copy:
        source = self._source
        cache = ticket_with_password(source) if isinstance(source, Password) else ticket_with_keytab(source)
        margin = min(_MARGIN_SECONDS, cache.lifetime / 2)
        return _Copy(cache, self._mech, time.monotonic() + cache.lifetime - margin)


def initiator(source: Credential, mechanism: str) -> Initiator:
    """The client side of a credential source, for ``kerberos`` or ``negotiate``. Does not wait."""
    mech = MECHANISMS[mechanism]
    if isinstance(source, Password | Keytab):
        return _Acquired(source, mech)
    return _Ambient(source, mech)


class Acceptor:
    """A server's credentials for one mechanism, ``kerberos`` or ``negotiate``."""

    def __init__(self, source: DefaultCredential | Keytab, mechanism: str) -> None:
        self._description = str(source) if isinstance(source, Keytab) else "the default keytab"
        self._source = source
        self._mechs = [KRB5] if mechanism == "kerberos" else [KRB5, SPNEGO]
        self._lock = threading.Lock()
        self._creds: raw.Creds | None = None
        self._keytab: MemoryKeytab | None = None
        self._until = 0.0

    def ready(self) -> bool:
        """True if :meth:`use` will not wait."""
        return self._creds is not None and time.monotonic() < self._until

    def use(self) -> raw.Creds:
        """Credentials for a handshake; reads the keytab unless ready."""
        with self._lock:
            if self._creds is None or not self.ready():
                self._creds = self._acquire()
            return self._creds

    def where(self, phase: Phase) -> Where:
        """The names for an error's text."""
        return Where(phase, self._description)

    def _acquire(self) -> raw.Creds:
        source = self._source
        store: Store | None = None
        self._until = float("inf")
        if isinstance(source, Keytab):
            store = {b"keytab": os.fsencode(source.path)}
            if source.spns:
                self._keytab = MemoryKeytab.copied(source)
                self._until = time.monotonic() + _TRUST_SECONDS
                store = {b"keytab": self._keytab.name}
        with translated(self.where(Phase.KEYTAB)):
            return raw.acquire_cred_from(store, usage="accept", mechs=self._mechs).creds


def _acquire(store: Store | None, mech: raw.OID, protection: Protection) -> raw.Creds:
    mechs = [KRB5] if mech == KRB5 else [KRB5, SPNEGO]
    creds = raw.acquire_cred_from(store, usage="initiate", mechs=mechs).creds
    if mech != KRB5:
        raw.set_neg_mechs(creds, [KRB5])
    if protection is not Protection.SEAL:
        raw.set_cred_option(_NO_CI_FLAGS, creds)
    return creds
