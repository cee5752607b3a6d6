"""Native codes to our errors: what happened, and what to do.

The numbers are those of MIT's krb5_err.et and of RFC 2743; the texts name the SPN, realm or file concerned.
The same code means different things in different places: a key that does not fit is a wrong password when we
ask for a ticket, another account's ticket when a server receives it, and an impostor when the server answers.
So the table is looked up with the *phase*, the special meaning first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from .._errors import CredentialError, MechanismError, TargetError

__all__ = ["KNOWN", "Phase", "Where", "explain"]


class Phase(Enum):
    """What was being done when the error came."""

    ACQUIRE = "acquire"
    INITIATE = "initiate"
    ANSWER = "answer"
    """The client reads the server's answer."""
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Where:
    """The names that go into the text."""

    phase: Phase
    credential: str
    target: str = ""
    realm: str = ""


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
    (Phase.ACQUIRE, -1765328353): _WRONG_PASSWORD,
    (Phase.ACQUIRE, -1765328203): (
        CredentialError,
        "{credential} has no key for that principal",
        "list the entries with klist -k and name one of them",
    ),
    (Phase.ACCEPT, -1765328353): _KEY_OF_ANOTHER,
    (Phase.ACCEPT, -1765328352): (
        MechanismError,
        "the client's ticket has expired",
        "the client has to get a new one; check both clocks",
    ),
    (Phase.ANSWER, -1765328353): _IMPOSTOR,
    (Phase.ANSWER, -1765328349): _IMPOSTOR,
    (Phase.ANSWER, -1765328340): _IMPOSTOR,
    (Phase.ANSWER, -1765328352): (
        CredentialError,
        "the server {target} says that our ticket has expired",
        "get a new one; check both clocks",
    ),
}

_GENERAL: dict[int, _Row] = {
    -1765328378: (
        CredentialError,
        "the KDC does not know the principal of {credential}",
        "check the spelling, and the realm in capitals",
    ),
    -1765328377: (
        TargetError,
        "the KDC does not know the service {target}",
        "register this SPN on the service's account, or correct it; the name must match to the letter",
    ),
    -1765328376: (
        TargetError,
        "the SPN {target} is registered on several accounts",
        "find them in the directory and leave it on one",
    ),
    -1765328370: (
        MechanismError,
        "the KDC of {realm} and the accounts concerned share no encryption type",
        "enable AES on the account and set its password anew",
    ),
    -1765328366: (
        CredentialError,
        "the account of {credential} is disabled, locked or expired",
        "have it looked at in the directory",
    ),
    -1765328361: (CredentialError, "the password of {credential} has expired", "set a new one"),
    -1765328360: _WRONG_PASSWORD,
    -1765328352: (CredentialError, "the ticket in {credential} has expired", "log in again (kinit)"),
    -1765328350: (
        MechanismError,
        "the client's request was seen before: a replay",
        "if this repeats, find out who sends it; leave the replay cache on",
    ),
    -1765328349: _KEY_OF_ANOTHER,
    -1765328347: _SKEW,
    -1765328236: _SKEW,
    -1765328343: _IMPOSTOR,
    -1765328340: (
        TargetError,
        "the ticket for {target} is encrypted with a newer or older key than {credential} has",
        "export the keytab anew; keep old entries for the lifetime of a ticket",
    ),
    -1765328338: _IMPOSTOR,
    -1765328243: _NO_TICKET,
    -1765328240: _KEY_OF_ANOTHER,
    -1765328230: (
        MechanismError,
        "the KDC of realm {realm} cannot be found",
        "name it in krb5.conf, or publish its SRV records",
    ),
    -1765328228: (
        MechanismError,
        "no KDC of realm {realm} answers",
        "check the network, port 88, and the kdc lines in krb5.conf",
    ),
    -1765328203: _NO_KEYTAB,
    -1765328190: (
        CredentialError,
        "{credential} may not be read by this user",
        "check the owner and the mode of the file",
    ),
    -1765328189: _NO_TICKET,
    -1765328160: (
        MechanismError,
        "there is no default realm",
        "name it in krb5.conf, or write the principal with its realm",
    ),
    39756032: (
        CredentialError,
        "{credential} holds no ticket for the principal asked for",
        "name the cache that belongs to it",
    ),
    39756033: _NO_KEYTAB,
}

KNOWN = frozenset(_GENERAL) | {code for _, code in _SPECIAL}
"""The Kerberos codes that have an explanation."""

EXTENDED_TEXTS: tuple[tuple[str, int], ...] = (
    (r"Server .* not found in Kerberos database", -1765328377),
    (r"Client .* not found in Kerberos database", -1765328378),
    (r"Request ticket server .* kvno \d+ (not found in keytab|found in keytab but not with)", -1765328340),
    (r"Request ticket server .* kvno \d+ .* cannot decrypt ticket", -1765328353),
    (r"Cannot decrypt ticket for ", -1765328353),
    (r"Cannot find key for .* kvno \d+ in keytab", -1765328340),
    (r"Request ticket server |Server principal .* does not match", -1765328349),
    (r"Keytab .* is nonexistent or empty|Keytab contains no suitable keys", -1765328203),
    (r"Cannot find KDC for realm", -1765328230),
    (r"Cannot contact any KDC for realm", -1765328228),
    (r"Credentials cache .* not found|No Kerberos credentials available", -1765328243),
)
"""MIT's messages that have names in them, for where the code itself is hidden."""

_MAJOR: dict[int, _Row] = {
    1: (
        MechanismError,
        "the peer's token belongs to a mechanism that is not allowed here",
        "let it use Kerberos",
    ),
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

_SPECIALEXTENDED_TEXTS: tuple[tuple[str, int], ...] = (
    (r"Server .* not found in Kerberos database", -1765328377),
    (r"Client .* not found in Kerberos database", -1765328378),
    (
        r"Request ticket server .* kvno \d+ (not found in keytab|found in keytab but not with enctype)",
        -1765328340,
    ),
    (r"Request ticket server .* not found in keytab", -1765328349),
    (r"(Cannot decrypt ticket for|No key table entry found matching|Request ticket server) .*", -1765328349),
    (r"Cannot find KDC for realm", -1765328230),
    (r"Cannot contact any KDC for realm", -1765328228),
    (r"Credentials cache .* not found|No Kerberos credentials available", -1765328243),
)
"""MIT's messages that have names in them, for where the code itself is hidden."""

_MAJOR: dict[tuple[Phase, int], _Row] = {(Phase.ACCEPT, 7): _NO_KEYTAB}

_PLAIN = {
    Phase.ACQUIRE: "no ticket could be had with {credential}",
    Phase.INITIATE: "the handshake with {target} could not be started",
    Phase.ANSWER: "the answer of {target} was refused",
    Phase.ACCEPT: "the client's token was refused, with {credential}",
}


_SPECIAL_MAJOR: dict[tuple[Phase, int], _Row] = {(Phase.ACCEPT, 7): _NO_KEYTAB}

_PLAIN = {
    Phase.ACQUIRE: "no ticket could be had with {credential}",
    Phase.INITIATE: "the handshake with {target} could not be started",
    Phase.ANSWER: "the answer of {target} was refused",
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
