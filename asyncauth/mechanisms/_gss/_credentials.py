"""GSSAPI credentials, and what may be kept of them between connections.

A handshake needs the client's ticket for the service. If it is in the credential cache, ``gss_init_sec_context``
takes a few dozen microseconds; if not, it asks the KDC and may sit for half a minute. The library does not say
beforehand which it will be, so we keep account ourselves: a step is *ready*, and may run on the event loop, only
while we know that the ticket lies in a cache in memory which belongs to us alone.

For a password or a keytab that cache is where the ticket was put in the first place; it is made anew in the
background before the ticket ends (``_renewal.py``), with tickets for the services that were used last, so that no
handshake waits for the swap. For a cache of the user's it is a copy, made by the thread that has just used the
original. The copy is trusted for a few seconds; then a thread looks at the original again, so that a new login, a
logout or a ticket renewed by its owner is noticed soon. It also saves the file system: MIT opens a FILE: cache four
times a handshake.

Credentials that were named are never replaced by others. MIT would get a ticket with the default *client keytab*, for
whoever comes first in it, when the cache that it was given is empty or at its end; so each store of ours that names a
cache names an empty client keytab as well. Only :class:`DefaultCredential` is what the process has.

A server's keys are in ``_keys.py``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import ItemsView, Iterable
from functools import lru_cache
from typing import Protocol, TypeAlias

from gssapi import NameType, raw

from ..._errors import CredentialError
from ..._parts import Part, part, tell_tickets
from ..._types import DelegatedCredential, Protection
from .._codes import Phase, Where
from .._krb5._memory import MemoryCache, MemoryKeytab, ticket_with_keytab, ticket_with_password, tickets_in
from .._sources import Credential, CredentialCache, DefaultCredential, Keytab, Password
from ._delegated import Delegated
from ._errors import translated
from ._keys import KRB5, MECHANISMS, SPNEGO
from ._renewal import Made, Renewed

__all__ = ["Initiator", "initiator"]

_NO_CI_FLAGS = raw.OID.from_int_seq("1.2.752.43.13.29")
"""GSS_KRB5_CRED_NO_CI_FLAGS_X: ask for just the flags given; MIT otherwise adds sealing and signing."""

Store: TypeAlias = dict[bytes | str, bytes | str]

_TRUST_SECONDS = 5.0
_PATIENCE_SECONDS = 10.0
_KEPT_TICKETS = 32
"""Services whose tickets are had anew together with the ticket-granting ticket, the ones used last."""

logger = logging.getLogger("asyncauth")


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

    def __init__(self, source: Credential | DelegatedCredential) -> None:
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

    def __init__(self, cache: MemoryCache, mech: raw.OID, until: float = float("inf")) -> None:
        self._cache = cache
        self._mech = mech
        self._until = until
        self._creds: dict[bool, raw.Creds] = {}
        self._tickets: dict[str, float] = {}
        self._used: dict[str, None] = {}

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:
        if time.monotonic() < self._until and time.time() < self._tickets.get(principal, 0.0):
            self._used.pop(principal, None)
            self._used[principal] = None
            return self.creds(protection)
        return None

    def creds(self, protection: Protection) -> raw.Creds:
        exact = protection is not Protection.SEAL
        if exact not in self._creds:
            held = _Held(_acquire(_only(self._cache.name), self._mech, protection))
            held.cache = self._cache
            self._creds[exact] = held
        return self._creds[exact]

    def list_tickets(self) -> None:
        self._tickets = self._cache.tickets()

    @property
    def tickets(self) -> ItemsView[str, float]:
        """Those that are known, and until when they are good."""
        return self._tickets.items()

    @property
    def used(self) -> list[str]:
        """The services that handshakes were begun with, the last one last, by principal without realm."""
        return list(self._used)[-_KEPT_TICKETS:]

    def get_tickets(self, principals: Iterable[str]) -> None:
        """Ask the KDC for tickets, as far as it gives them: a service that is gone must not spoil the others, and a
        KDC that falls silent must not keep us from what we have."""
        creds, begun = self.creds(Protection.SEAL), time.monotonic()
        for principal in principals:
            if time.monotonic() - begun > _PATIENCE_SECONDS:
                break
            name = raw.import_name(f"{principal}@".encode(), NameType.kerberos_principal)
            try:
                raw.init_sec_context(name, creds, None, KRB5, 0)
            except raw.GSSError as error:
                logger.debug("no ticket for %s yet: %s", principal, error)
            else:
                self._used[principal] = None
        self.list_tickets()


class _Ambient(_Source):
    """A cache that belongs to the user: the default one, or a named one."""

    def __init__(self, source: DefaultCredential | CredentialCache, mech: raw.OID) -> None:
        super().__init__(source)
        self._named = source if isinstance(source, CredentialCache) else None
        self._store = _only(source.name.encode()) if isinstance(source, CredentialCache) else None
        self._mech = mech
        self._copy: _Copy | None = None

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:
        return self._copy.ready(principal, protection) if self._copy else None

    def acquire(self, protection: Protection) -> raw.Creds:
        tell_tickets(lambda: tickets_in(self._named).items())
        with part(Part.CREDENTIALS), translated(self.where(Phase.ACQUIRE)):
            return _acquire(self._store, self._mech, protection)

    def stepped(self) -> None:
        with part(Part.CREDENTIALS), translated(self.where(Phase.ACQUIRE)):
            copy = self._copied()
        tell_tickets(lambda: copy.tickets)
        self._copy = copy

    def _copied(self) -> _Copy:
        original = raw.acquire_cred_from(self._store, usage="initiate", mechs=[KRB5])
        cache = MemoryCache.empty(original.lifetime or 0.0)
        raw.store_cred_into({b"ccache": cache.name}, original.creds, usage="initiate", overwrite=True)
        copy = _Copy(cache, self._mech, time.monotonic() + _TRUST_SECONDS)
        copy.list_tickets()
        return copy


class _Acquired(_Source):
    """A cache of our own, filled with a password or a keytab and filled anew before its ticket ends."""

    def __init__(self, source: Password | Keytab, mech: raw.OID) -> None:
        super().__init__(source)
        self._source = source
        self._mech = mech
        self._current = Renewed(self._fill, f"the ticket had with {source}")

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:
        copy = self._current.look()
        return copy.ready(principal, protection) if copy else None

    def acquire(self, protection: Protection) -> raw.Creds:
        with part(Part.CREDENTIALS), translated(self.where(Phase.ACQUIRE)):
            copy = self._current.get()
            tell_tickets(lambda: copy.tickets)
            return copy.creds(protection)

    def stepped(self) -> None:
        copy = self._current.look()
        if copy:
            with part(Part.CREDENTIALS):
                copy.list_tickets()
            tell_tickets(lambda: copy.tickets)

    def _fill(self, old: _Copy | None) -> Made[_Copy]:
        source = self._source
        with part(Part.KDC):
            cache = (
                ticket_with_password(source) if isinstance(source, Password) else ticket_with_keytab(source)
            )
        copy = _Copy(cache, self._mech)
        made = Made.lasting(copy, cache.lifetime)
        if old is not None:
            copy.get_tickets(old.used)
        return made


class _Given(_Source):
    """A cache that came with a connection and goes with it."""

    def __init__(self, source: Delegated, mech: raw.OID) -> None:
        super().__init__(source)
        self._source = source
        self._mech = mech

    def ready(self, principal: str, protection: Protection) -> raw.Creds | None:  # noqa: ARG002 - one handshake, or few
        return None

    def acquire(self, protection: Protection) -> raw.Creds:
        with part(Part.CREDENTIALS), translated(self.where(Phase.ACQUIRE)):
            tell_tickets(lambda: self._source.cache.tickets().items())
            return _Copy(self._source.cache, self._mech).creds(protection)

    def stepped(self) -> None:
        tell_tickets(lambda: self._source.cache.tickets().items())


def initiator(source: Credential | DelegatedCredential, mechanism: str) -> Initiator:
    """The client side of a credential source, for ``kerberos`` or ``negotiate``. Does not wait."""
    mech = MECHANISMS[mechanism]
    if isinstance(source, Delegated):
        return _Given(source, mech)
    if isinstance(source, Password | Keytab):
        return _Acquired(source, mech)
    if isinstance(source, DefaultCredential | CredentialCache):
        return _Ambient(source, mech)
    raise CredentialError(f"{source} cannot be used for Kerberos", fix="use a cache, a keytab or a password")


def _only(cache: bytes) -> Store:
    """The store of one cache, which MIT must not fill by itself with a client keytab."""
    return {b"ccache": cache, b"client_keytab": _no_keys().name}


@lru_cache(maxsize=1)
def _no_keys() -> MemoryKeytab:
    return MemoryKeytab.empty()


def _acquire(store: Store | None, mech: raw.OID, protection: Protection) -> raw.Creds:
    mechs = [KRB5] if mech == KRB5 else [KRB5, SPNEGO]
    creds = raw.acquire_cred_from(store, usage="initiate", mechs=mechs).creds
    if mech != KRB5:
        raw.set_neg_mechs(creds, [KRB5])
    if protection is not Protection.SEAL:
        raw.set_cred_option(_NO_CI_FLAGS, creds)
    return creds
