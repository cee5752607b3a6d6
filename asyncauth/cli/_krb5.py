"""What the command line asks libkrb5 itself: defaults, and what a credential cache holds."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Ticket", "default_keytab", "default_realm", "ticket_in"]


class Ticket(NamedTuple):
    """A service ticket in a cache."""

    service: str
    client: str
    session_key: str
    """The encryption type of its session key, ``aes256-cts-hmac-sha1-96``."""
    ends: float
    """Seconds of the system's clock."""


def default_realm() -> str | None:
    """The default realm of krb5.conf; None if it names none, or the package krb5 is missing. Reads files."""
    try:
        import krb5
    except ImportError:
        return None
    try:
        return krb5.get_default_realm(krb5.init_context()).decode()
    except krb5.Krb5Error:
        return None


def default_keytab() -> str | None:
    """The name of the default keytab, ``FILE:/etc/krb5.keytab``; None as above."""
    try:
        import krb5
    except ImportError:
        return None
    return krb5.kt_default_name(krb5.init_context()).decode()


def ticket_in(cache: str, spn: str) -> Ticket | None:
    """The ticket for a service, whatever its realm, in a credential cache; None if there is none. Reads files.

    :param cache: ``FILE:/path``
    :param spn: as it was asked for
    """
    import krb5

    context = krb5.init_context()
    for held in krb5.cc_resolve(context, cache.encode()):
        name = (held.server.name or b"").decode()
        if name.rpartition("@")[0] == spn:
            return Ticket(
                service=name,
                client=(held.client.name or b"").decode(),
                session_key=krb5.enctype_to_name(held.keyblock.enctype),
                ends=float(held.times.endtime),
            )
    return None
