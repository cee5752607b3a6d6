"""Keys and the files they lie in, through the krb5 package: the other half of ``_memory.py``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

import krb5

from ..._errors import CredentialError, MechanismError
from .._codes import Phase, Where
from .._secret import Secret
from ._entry import KeytabEntry
from ._memory import MemoryCache, MemoryKeytab, realm_of, stored, text_of, translated

__all__ = ["add_entries", "read_entries", "salt_of", "string_to_key", "ticket_with_entry"]


def ticket_with_entry(entry: KeytabEntry, where: Where) -> MemoryCache:
    """Ask the KDC for an initial ticket with one key, in its own encryption type and no other. Waits for the KDC."""

    def acquire() -> MemoryCache:
        context = krb5.init_context()
        keytab = MemoryKeytab(context).keytab
        _add(context, keytab, entry)
        options = krb5.get_init_creds_opt_alloc(context)
        krb5.get_init_creds_opt_set_etype_list(options, [entry.enctype])
        principal = krb5.parse_name_flags(context, _encoded(entry.principal))
        return stored(context, krb5.get_init_creds_keytab(context, principal, options, keytab))

    return translated(where, acquire)


def read_entries(path: str | os.PathLike[str]) -> list[KeytabEntry]:
    """The entries of a keytab file, in its order.

    :raises CredentialError: it cannot be read or is no keytab
    """

    def read() -> list[KeytabEntry]:
        context = krb5.init_context()
        return [_read(entry) for entry in krb5.kt_resolve(context, os.fsencode(path))]

    return translated(Where(Phase.KEYTAB, f"the keytab {os.fspath(path)}"), read)


def add_entries(path: str | os.PathLike[str], entries: Iterable[KeytabEntry]) -> None:
    """Write entries into an existing keytab file, in place of those of the same principal, version and type.

    :raises CredentialError: it cannot be written or is no keytab
    """

    def add() -> None:
        context = krb5.init_context()
        keytab = krb5.kt_resolve(context, b"FILE:" + os.fsencode(path))
        for entry in entries:
            principal = krb5.parse_name_flags(context, _encoded(entry.principal))
            with suppress(krb5.Krb5Error):  # there is none yet
                old = krb5.kt_get_entry(context, keytab, principal, entry.kvno, entry.enctype)
                if (
                    old.kvno == entry.kvno
                ):  # MIT also finds version 2 for 258, of which some files keep eight bits
                    krb5.kt_remove_entry(context, keytab, old)
            _add(context, keytab, entry)

    translated(Where(Phase.KEYTAB, f"the keytab {os.fspath(path)}"), add)


def string_to_key(enctype: int, password: Secret[str], salt: str, parameters: bytes | None) -> Secret[bytes]:
    """The key that a password makes (RFC 3961, string-to-key).

    :param salt: octets that are no UTF-8 as surrogates
    :param parameters: None for the encryption type's default, 4096 rounds for AES with SHA-1
    :raises CredentialError: fewer rounds than the library takes for safe
    """

    context, octets = krb5.init_context(), _encoded(salt)
    try:
        key = krb5.c_string_to_key(context, enctype, password.reveal().encode(), octets, parameters)
    except krb5.Krb5Error as error:
        raise CredentialError(
            f"no key is made with the salt {salt} and these parameters ({text_of(error)})",
            fix="use the KDC's salt, and no fewer rounds than the encryption type's default",
            code=str(error.err_code),
        ) from error
    return Secret(key.data)


def salt_of(principal: str) -> tuple[str, bytes | None, int]:
    """The salt that the KDC tells for a principal, and the string-to-key parameters of an encryption type (RFC 4120
    5.2.7.5). Waits for the KDC.

    :raises CredentialError: there is no such principal
    :raises MechanismError: no KDC answers, or it tells no salt
    """

    def ask() -> tuple[str, bytes | None, int]:
        context = krb5.init_context()
        info = krb5.get_etype_info(context, krb5.parse_name_flags(context, principal.encode()))
        if info.salt is None:
            raise MechanismError(f"the KDC tells no salt for {principal}", fix="give the salt yourself")
        return info.salt.decode("utf-8", "surrogateescape"), info.s2kparams, info.etype

    return translated(Where(Phase.ACQUIRE, principal, realm=realm_of(principal)), ask)


def _read(entry: krb5.KeyTabEntry) -> KeytabEntry:
    name = (entry.principal.name or b"").decode("utf-8", "surrogateescape")
    return KeytabEntry(name, entry.kvno, entry.key.enctype, Secret(entry.key.data), entry.timestamp)


def _add(context: krb5.Context, keytab: krb5.KeyTab, entry: KeytabEntry) -> None:
    principal = krb5.parse_name_flags(context, _encoded(entry.principal))
    key = krb5.init_keyblock(context, entry.enctype, entry.key.reveal())
    krb5.kt_add_entry(context, keytab, principal, entry.kvno, entry.timestamp, key)


def _encoded(principal: str) -> bytes:
    return principal.encode("utf-8", "surrogateescape")
