"""Where the keys for a keytab come from: another keytab, or a password and a salt.

A key is made of the password and a *salt* (RFC 3961). In Active Directory the salt is made of the realm in capitals
and the account's name ([MS-KILE] 3.1.1.2), but of the name that the account had when its password was set, so an
account that was renamed, or one with a user principal name of another form, has another. The KDC knows: it tells the
salt to everybody who asks for a ticket (PA-ETYPE-INFO2, RFC 4120 5.2.7.5).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .._errors import CredentialError, MechanismError
from .._spn import ServicePrincipalName
from .._types import Policy
from ..mechanisms import Kerberos, Password
from ..mechanisms._krb5 import KeytabEntry
from ..mechanisms._secret import Secret
from ..tokens import ApReq, Encrypted, Initial, enctype_name, read_token
from ._file import krb5_door, read_keytab
from ._findings import is_weak

__all__ = [
    "AES", "Salt", "current_kvno", "default_salt", "keys_from_keytab", "keys_from_password", "salt_from_kdc",
    "ticket_in",
]  # fmt: skip

AES = (18, 17)
"""AES-256 and AES-128 with SHA-1 (RFC 3962), which Active Directory uses."""


class Salt(NamedTuple):
    """What turns a password into a key.

    :param parameters: of string-to-key, from the KDC; None for the encryption type's default
    :param enctype: the encryption type that the parameters are for; those of RFC 3962 count rounds from 4096,
        those of RFC 8009 from 32768
    """

    text: str
    parameters: bytes | None = None
    enctype: int = AES[0]


def default_salt(account: str) -> Salt:
    """The salt of an account that was never renamed ([MS-KILE] 3.1.1.2).

    :param account: ``svc@EXAMPLE.TEST``, or with a dollar, ``APP1$@EXAMPLE.TEST``, a computer
    """
    name, realm = _split(account)
    if name.endswith("$"):
        return Salt(f"{realm.upper()}host{name[:-1].lower()}.{realm.lower()}")
    return Salt(f"{realm.upper()}{name}")


def salt_from_kdc(account: str) -> Salt:
    """The salt as the KDC tells it. Waits for the KDC.

    :raises CredentialError: there is no such account
    :raises MechanismError: no KDC answers, or it tells no salt
    """
    _split(account)
    return Salt(*krb5_door().salt_of(account))


def keys_from_password(
    source: Password, *, kvno: int, salt: Salt | str | None, enctypes: Sequence[int] = AES
) -> list[KeytabEntry]:
    """The keys that a password makes, as entries of the account; :meth:`KeytabEntry.renamed` gives them to its SPNs.

    :param source: the account with its realm, and its password
    :param kvno: the version that the KDC counts for this password: one more with each change
    :param salt: None to ask the KDC, which waits for it
    :param enctypes: 18 and 17 (RFC 3962), 20 and 19 (RFC 8009)
    :raises CredentialError: an encryption type that is none or weak; what :func:`salt_from_kdc` raises
    """
    account, now = source.principal, int(time.time())
    _split(account)
    known = Salt(salt) if isinstance(salt, str) else salt or salt_from_kdc(account)
    return [
        KeytabEntry(account, kvno, enctype, _key(enctype, source.secret, known), now) for enctype in enctypes
    ]


def _key(enctype: int, password: Secret[str], salt: Salt) -> Secret[bytes]:
    if is_weak(enctype) or enctype_name(enctype).startswith("("):
        raise CredentialError(
            f"a key of type {enctype_name(enctype)} [{enctype}] is not written: it is weak or unknown",
            fix="use aes256-cts-hmac-sha1-96; enable AES on the account and set its password anew",
        )
    alike = (enctype in AES) is (salt.enctype in AES)
    key: Secret[bytes] = krb5_door().string_to_key(
        enctype, password, salt.text, salt.parameters if alike else None
    )
    return key


def keys_from_keytab(path: str | os.PathLike[str], account: str) -> list[KeytabEntry]:
    """All versions of an account's keys in a keytab, without those of weak encryption types.

    :param account: with or without its realm; upper and lower case are alike
    :raises CredentialError: the file cannot be read, or has no key of the account that is worth keeping
    """
    wanted = account.lower()
    held = read_keytab(path)
    entries = [entry for entry in held if wanted in (entry.principal.lower(), entry.name.lower())]
    good = [entry for entry in entries if not is_weak(entry.enctype)]
    if good:
        return good
    what = "only weak keys" if entries else "no key"
    raise CredentialError(
        f"the keytab {os.fspath(path)} has {what} of {account}",
        fix="export the account's AES keys into it, or write from the password",
    )


def current_kvno(source: Password, spns: Iterable[ServicePrincipalName]) -> int:
    """The version of an account's key by the KDC, from a ticket that the account gets for one of its own SPNs.

    Waits for the KDC.

    :raises CredentialError: the password is wrong
    :raises TargetError: the KDC does not know the SPN
    :raises MechanismError: no KDC answers, or its ticket tells no version
    """
    for spn in spns:
        token, _ = Kerberos(source).initiate(spn, Policy()).step(None)
        kvno = ticket_in(token or b"").kvno
        if kvno is not None:
            return kvno
    raise MechanismError(
        f"the KDC tells no version of the key of {source.principal}", fix="give the version yourself"
    )


def ticket_in(token: bytes) -> Encrypted:
    """What a client's first token shows of the ticket: version and type of the key it was made with."""
    read = read_token(token)
    inner = read.token if isinstance(read, Initial) else read
    if not isinstance(inner, ApReq):
        raise MechanismError("the first token of Kerberos holds no ticket", fix="report this")
    return inner.ticket


def _split(account: str) -> tuple[str, str]:
    name, at, realm = account.rpartition("@")
    if not (name and at and realm):
        raise CredentialError(f"{account} has no realm", fix="write it as NAME@REALM, the realm in capitals")
    return name, realm
