"""Native codes to our errors: what happened, and what to do.

The codes are MIT's and those of RFC 2743; the texts name the SPN, realm or file concerned.
The same code means different things in different places: a key that does not fit is a wrong password when we
ask for a ticket, another account's ticket when a server receives it, and an impostor when the server answers.
So the table is looked up with the *phase*, the special meaning first.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias

from .._errors import CredentialError, MechanismError, TargetError

__all__ = ["Krb5", "Phase", "Where", "explain"]


class Phase(Enum):
    """What was being done when the error came."""

    ACQUIRE = "acquire"
    INITIATE = "initiate"
    ANSWER = "answer"
    """The client reads the server's answer."""
    KEYTAB = "keytab"
    """The server reads its keys."""
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Where:
    """The names that go into the text."""

    phase: Phase
    credential: str
    target: str = ""
    realm: str = ""


class Krb5(IntEnum):
    """The codes of krb5_err.et and gssapi_err_krb5.et that have an explanation, without their prefixes."""

    C_PRINCIPAL_UNKNOWN = -1765328378
    S_PRINCIPAL_UNKNOWN = -1765328377
    PRINCIPAL_NOT_UNIQUE = -1765328376
    ETYPE_NOSUPP = -1765328370
    CLIENT_REVOKED = -1765328366
    KEY_EXP = -1765328361
    PREAUTH_FAILED = -1765328360
    BAD_INTEGRITY = -1765328353
    TKT_EXPIRED = -1765328352
    REPEAT = -1765328350
    NOT_US = -1765328349
    SKEW = -1765328347
    MODIFIED = -1765328343
    BADKEYVER = -1765328340
    MUT_FAIL = -1765328338
    CC_NOTFOUND = -1765328243
    WRONG_PRINC = -1765328240
    KDCREP_SKEW = -1765328236
    REALM_UNKNOWN = -1765328230
    KDC_UNREACH = -1765328228
    KT_NOTFOUND = -1765328203
    FCC_PERM = -1765328190
    FCC_NOFILE = -1765328189
    CONFIG_NODEFREALM = -1765328160
    KG_CCACHE_NOMATCH = 39756032
    KG_KEYTAB_NOMATCH = 39756033


_Row: TypeAlias = tuple[type[MechanismError], str, str]

_KEY_OF_ANOTHER: _Row = (
    TargetError,
    "the ticket was not made for the key in {credential}",
    "renew the keytab if the account's password has changed; look for the SPN on a second account",
)
_IMPOSTOR: _Row = (
    TargetError,
    "the server does not hold the key of {target}",
    "do not use this server: it runs under another account, has an outdated keytab, or is an impostor",
)
_NO_TICKET: _Row = (
    CredentialError,
    "there is no ticket in {credential}",
    "log in (kinit), or give a keytab or a password",
)
_WRONG_PASSWORD: _Row = (
    CredentialError,
    "the KDC refused {credential}",
    "the password is wrong, or the keytab is older than the account's password",
)
_NO_KEYTAB: _Row = (
    CredentialError,
    "{credential} cannot be read or has no usable entry",
    "check the path and its permissions, and what klist -k says of it",
)
_SKEW: _Row = (
    MechanismError,
    "the clocks of this machine and of the other end or the KDC of {realm} differ too much",
    "synchronise the clocks; Kerberos allows five minutes",
)

_SPECIAL: dict[tuple[Phase, int], _Row] = {
    (Phase.ACQUIRE, errno.ENOENT): _NO_KEYTAB,
    (Phase.ACQUIRE, errno.EACCES): _NO_KEYTAB,
    (Phase.KEYTAB, errno.ENOENT): _NO_KEYTAB,
    (Phase.KEYTAB, errno.EACCES): _NO_KEYTAB,
    (Phase.ACQUIRE, Krb5.BAD_INTEGRITY): _WRONG_PASSWORD,
    (Phase.ACQUIRE, Krb5.KT_NOTFOUND): (
        CredentialError,
        "{credential} has no key for that principal",
        "list the entries with klist -k and name one of them",
    ),
    (Phase.ACCEPT, Krb5.BAD_INTEGRITY): _KEY_OF_ANOTHER,
    (Phase.ACCEPT, Krb5.TKT_EXPIRED): (
        MechanismError,
        "the client's ticket has expired",
        "the client has to get a new one; check both clocks",
    ),
    (Phase.ANSWER, Krb5.BAD_INTEGRITY): _IMPOSTOR,
    (Phase.ANSWER, Krb5.NOT_US): _IMPOSTOR,
    (Phase.ANSWER, Krb5.BADKEYVER): _IMPOSTOR,
    (Phase.ANSWER, Krb5.TKT_EXPIRED): (
        CredentialError,
        "the server {target} says that our ticket has expired",
        "get a new one; check both clocks",
    ),
}

_GENERAL: dict[int, _Row] = {
    Krb5.C_PRINCIPAL_UNKNOWN: (
        CredentialError,
        "the KDC does not know the principal of {credential}",
        "check the spelling, and the realm in capitals",
    ),
    Krb5.S_PRINCIPAL_UNKNOWN: (
        TargetError,
        "the KDC does not know the service {target}",
        "register this SPN on the service's account, or correct it; the name must match to the letter",
    ),
    Krb5.PRINCIPAL_NOT_UNIQUE: (
        TargetError,
        "the SPN {target} is registered on several accounts",
        "find them in the directory and leave it on one",
    ),
    Krb5.ETYPE_NOSUPP: (
        MechanismError,
        "the KDC of {realm} and the accounts concerned share no encryption type",
        "enable AES on the account and set its password anew",
    ),
    Krb5.CLIENT_REVOKED: (
        CredentialError,
        "the account of {credential} is disabled, locked or expired",
        "have it looked at in the directory",
    ),
    Krb5.KEY_EXP: (CredentialError, "the password of {credential} has expired", "set a new one"),
    Krb5.PREAUTH_FAILED: _WRONG_PASSWORD,
    Krb5.TKT_EXPIRED: (CredentialError, "the ticket in {credential} has expired", "log in again (kinit)"),
    Krb5.REPEAT: (
        MechanismError,
        "the client's request was seen before: a replay",
        "if this repeats, find out who sends it; leave the replay cache on",
    ),
    Krb5.NOT_US: _KEY_OF_ANOTHER,
    Krb5.SKEW: _SKEW,
    Krb5.KDCREP_SKEW: _SKEW,
    Krb5.MODIFIED: _IMPOSTOR,
    Krb5.BADKEYVER: (
        TargetError,
        "the ticket for {target} is encrypted with a newer or older key than {credential} has",
        "export the keytab anew; keep old entries for the lifetime of a ticket",
    ),
    Krb5.MUT_FAIL: _IMPOSTOR,
    Krb5.CC_NOTFOUND: _NO_TICKET,
    Krb5.WRONG_PRINC: _KEY_OF_ANOTHER,
    Krb5.REALM_UNKNOWN: (
        MechanismError,
        "the KDC of realm {realm} cannot be found",
        "name it in krb5.conf, or publish its SRV records",
    ),
    Krb5.KDC_UNREACH: (
        MechanismError,
        "no KDC of realm {realm} answers",
        "check the network, port 88, and the kdc lines in krb5.conf",
    ),
    Krb5.KT_NOTFOUND: _NO_KEYTAB,
    Krb5.FCC_PERM: (
        CredentialError,
        "{credential} may not be read by this user",
        "check the owner and the mode of the file",
    ),
    Krb5.FCC_NOFILE: _NO_TICKET,
    Krb5.CONFIG_NODEFREALM: (
        MechanismError,
        "there is no default realm",
        "name it in krb5.conf, or write the principal with its realm",
    ),
    Krb5.KG_CCACHE_NOMATCH: (
        CredentialError,
        "{credential} holds no ticket for the principal asked for",
        "name the cache that belongs to it",
    ),
    Krb5.KG_KEYTAB_NOMATCH: _NO_KEYTAB,
}

_NOT_ALLOWED: _Row = (
    MechanismError,
    "the peer's token belongs to a mechanism that is not allowed here",
    "let both ends use the same one: Negotiate, or Kerberos alone",
)

_MAJOR: dict[int, _Row] = {
    1: _NOT_ALLOWED,
    4: (
        MechanismError,
        "the channel bindings of the two ends differ",
        "look for a proxy that ends TLS between them",
    ),
    7: _NO_TICKET,
    9: (
        MechanismError,
        "the peer's token is no security token, or was damaged on the way",
        "check that both ends use the same framing and mechanism",
    ),
    11: (CredentialError, "{credential} has expired", "log in again (kinit)"),
}

_SPECIAL_MAJOR: dict[tuple[Phase, int], _Row] = {
    (Phase.KEYTAB, 7): _NO_KEYTAB,
    (Phase.ACCEPT, 7): _NOT_ALLOWED,
}

_PLAIN = {
    Phase.ACQUIRE: "no ticket could be had with {credential}",
    Phase.INITIATE: "the handshake with {target} could not be started",
    Phase.ANSWER: "the answer of {target} was refused",
    Phase.KEYTAB: "{credential} cannot be used",
    Phase.ACCEPT: "the client's token was refused, with {credential}",
}


def explain(where: Where, *, major: int, minor: int, text: str) -> MechanismError:
    """The error for a failed GSSAPI or krb5 call.

    :param major: the routine error of a GSS major status, already shifted down; 0 from a krb5 call
    :param minor: the krb5 code; 0 if unknown
    :param text: what the library itself says
    """
    row = (
        _SPECIAL.get((where.phase, minor))
        or _GENERAL.get(minor)
        or _SPECIAL_MAJOR.get((where.phase, major))
        or _MAJOR.get(major)
        or (MechanismError, _PLAIN[where.phase], "")
    )
    kind, what, fix = row
    names = {
        "credential": where.credential,
        "target": where.target,
        "realm": where.realm or "the default realm",
    }
    code = str(minor) if minor else f"GSS major {major}"
    return kind(f"{what.format_map(names)} ({text})", fix=fix or None, code=code)
