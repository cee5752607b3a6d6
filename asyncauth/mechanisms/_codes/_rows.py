"""Which failure of the catalogue a code is, by what was being done, and the sentence that puts names to it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from ..._errors import CredentialError, MechanismError, TargetError
from ...failures import Code, Errno, Gss, Krb5

__all__ = [
    "ADDRESS",
    "CONFIGURATION",
    "GENERAL",
    "OTHER_TYPE",
    "PLAIN",
    "SMALL_LETTERS",
    "SPECIAL",
    "Phase",
    "Row",
]


class Phase(Enum):
    """What was being done when the error came."""

    ACQUIRE = "acquire"
    INITIATE = "initiate"
    ANSWER = "answer"
    """The client reads the server's answer."""
    KEYTAB = "keytab"
    """The server reads its keys."""
    ACCEPT = "accept"


class Row(NamedTuple):
    kind: type[MechanismError]
    failure: int
    """Its number in the catalogue."""
    what: str
    fix: str = ""
    """Where the catalogue's is for another case."""


_KEY_OF_ANOTHER = Row(TargetError, 11, "the ticket was not made for the key in {credential}")
_IMPOSTOR = Row(TargetError, 20, "the server does not hold the key of {target}")
_NO_TICKET = Row(CredentialError, 3, "there is no ticket in {credential}")
_WRONG_PASSWORD = Row(CredentialError, 5, "the KDC refused {credential}")
_NO_KEYTAB = Row(CredentialError, 10, "{credential} cannot be read or has no usable entry")
_SKEW = Row(MechanismError, 15, "the clocks of this machine and of the KDC of {realm} differ too much")
_NOT_YET = Row(MechanismError, 31, "the ticket for {target} is not valid yet, or was made for another client")
_EXPIRED = Row(CredentialError, 4, "the ticket in {credential} has expired")
_REVOKED = Row(CredentialError, 7, "the account of {credential} is disabled, locked or expired")
_NO_TYPE = Row(MechanismError, 14, "the KDC of {realm} and the accounts concerned share no encryption type")
OTHER_TYPE = Row(
    TargetError, 14, "the client's ticket is of an encryption type that {credential} has no key of"
)
_NO_REALM = Row(MechanismError, 8, "the KDC of realm {realm} cannot be found")
_UNKNOWN_SERVICE = Row(TargetError, 1, "the KDC does not know the service {target}")
ADDRESS = Row(
    TargetError, 2, "the KDC does not know the service {target}, whose SPN has an address for a name"
)
SMALL_LETTERS = Row(
    CredentialError, 29, "the KDC of realm {realm}, which is not in capitals, cannot be found"
)
_NOT_DELEGATED = Row(CredentialError, 25, "the KDC does not delegate {credential} to {target}")
_NO_CACHE = Row(CredentialError, 32, "{credential} is no credential cache")
CONFIGURATION = Row(
    MechanismError, 8, "krb5.conf cannot be read", "check its path, its permissions and its text"
)

SPECIAL: dict[tuple[Phase, Code], Row] = {
    (Phase.ACQUIRE, Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY): _WRONG_PASSWORD,
    (Phase.ACQUIRE, Krb5.KRB5_KT_NOTFOUND): Row(
        CredentialError,
        10,
        "{credential} has no key for that principal",
        "list the entries with klist -k and name one of them",
    ),
    (Phase.INITIATE, Krb5.KRB5KDC_ERR_ETYPE_NOSUPP): _NO_TYPE._replace(
        what="there is no encryption type that the KDC, this client and the account of {target} all allow"
    ),
    (Phase.ACCEPT, Krb5.KRB5KRB_AP_ERR_SKEW): _SKEW._replace(
        what="the clocks of this machine and of the client differ too much"
    ),
    (Phase.ANSWER, Krb5.KRB5KRB_AP_ERR_SKEW): _SKEW._replace(
        what="the server {target} says that its clock and ours differ too much"
    ),
    (Phase.ACCEPT, Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY): _KEY_OF_ANOTHER._replace(failure=13),
    (Phase.ACCEPT, Krb5.KRB5KRB_AP_ERR_MODIFIED): _KEY_OF_ANOTHER._replace(failure=13),
    (Phase.ACCEPT, Krb5.KRB5KRB_AP_ERR_TKT_EXPIRED): Row(
        MechanismError,
        4,
        "the client's ticket has expired",
        "the client has to get a new one; check both clocks",
    ),
    (Phase.ACCEPT, Krb5.KRB5KRB_AP_ERR_TKT_NYV): _NOT_YET._replace(
        what="the client's ticket is not valid yet"
    ),
    (Phase.ACCEPT, Krb5.KRB5KRB_AP_ERR_BADMATCH): _NOT_YET._replace(
        what="the client's request and its ticket name different clients"
    ),
    (Phase.ANSWER, Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY): _IMPOSTOR,
    (Phase.ANSWER, Krb5.KRB5KRB_AP_ERR_NOT_US): _IMPOSTOR,
    (Phase.ANSWER, Krb5.KRB5KRB_AP_ERR_BADKEYVER): _IMPOSTOR,
    (Phase.ANSWER, Krb5.KRB5KRB_AP_ERR_NOKEY): _IMPOSTOR,
    (Phase.ANSWER, Krb5.KRB5KRB_AP_ERR_TKT_EXPIRED): Row(
        CredentialError,
        4,
        "the server {target} says that our ticket has expired",
        "get a new one; check both clocks",
    ),
    (Phase.ANSWER, Gss.GSS_S_BAD_MECH): Row(
        MechanismError,
        21,
        "the server {target} takes none of the mechanisms that were offered",
        "let both ends use the same one: Negotiate, or Kerberos alone",
    ),
    (Phase.KEYTAB, Gss.GSS_S_NO_CRED): _NO_KEYTAB,
    (Phase.ACCEPT, Gss.GSS_S_NO_CRED): Row(
        MechanismError,
        21,
        "the peer's token belongs to a mechanism that is not allowed here",
        "let both ends use the same one: Negotiate, or Kerberos alone",
    ),
}

GENERAL: dict[Code, Row] = {
    Errno.ENOENT: _NO_KEYTAB,
    Errno.EACCES: _NO_KEYTAB,
    Krb5.KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN: Row(
        CredentialError, 6, "the KDC does not know the principal of {credential}"
    ),
    Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN: _UNKNOWN_SERVICE,
    Krb5.KRB5KDC_ERR_MUST_USE_USER2USER: _UNKNOWN_SERVICE,
    Krb5.KRB5KDC_ERR_PRINCIPAL_NOT_UNIQUE: Row(
        TargetError, 28, "the SPN {target} is registered on several accounts"
    ),
    Krb5.KRB5KDC_ERR_ETYPE_NOSUPP: _NO_TYPE,
    Krb5.KRB5_PROG_ETYPE_NOSUPP: _NO_TYPE,
    Krb5.KRB5KDC_ERR_NULL_KEY: _NO_TYPE,
    Krb5.KRB5KDC_ERR_CLIENT_REVOKED: _REVOKED,
    Krb5.KRB5KDC_ERR_NAME_EXP: _REVOKED,
    Krb5.KRB5KDC_ERR_CLIENT_NOTYET: _REVOKED,
    Krb5.KRB5KDC_ERR_SERVICE_EXP: _REVOKED._replace(what="the account of {target} has expired"),
    Krb5.KRB5KDC_ERR_SERVICE_REVOKED: _REVOKED._replace(what="the account of {target} is disabled or locked"),
    Krb5.KRB5KDC_ERR_KEY_EXP: _REVOKED._replace(
        what="the password of {credential} has expired", fix="set a new password: kpasswd NAME"
    ),
    Krb5.KRB5KDC_ERR_NEVER_VALID: _NOT_YET,
    Krb5.KRB5KDC_ERR_POLICY: _NOT_DELEGATED,
    Krb5.KRB5KDC_ERR_BADOPTION: _NOT_DELEGATED,
    Krb5.KRB5KDC_ERR_PREAUTH_FAILED: _WRONG_PASSWORD,
    Krb5.KRB5KDC_ERR_PATH_NOT_ACCEPTED: Row(
        TargetError, 27, "the KDC does not accept the way to the realm of {target}"
    ),
    Krb5.KRB5KDC_ERR_WRONG_REALM: Row(TargetError, 27, "{target} is in another realm than {realm}"),
    Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY: _WRONG_PASSWORD._replace(
        what="what the KDC of {realm} sent cannot be opened with {credential}"
    ),
    Krb5.KRB5KRB_AP_ERR_TKT_EXPIRED: _EXPIRED,
    Krb5.KRB5KRB_AP_ERR_TKT_NYV: _NOT_YET,
    Krb5.KRB5KRB_AP_ERR_BADMATCH: _NOT_YET,
    Krb5.KRB5KRB_AP_ERR_REPEAT: Row(MechanismError, 16, "the client's request was seen before: a replay"),
    Krb5.KRB5KRB_AP_ERR_NOT_US: _KEY_OF_ANOTHER,
    Krb5.KRB5KRB_AP_ERR_SKEW: _SKEW,
    Krb5.KRB5_KDCREP_SKEW: _SKEW,
    Krb5.KRB5KRB_AP_ERR_MODIFIED: _IMPOSTOR,
    Krb5.KRB5KRB_AP_ERR_BADKEYVER: Row(
        TargetError, 12, "the client's ticket is encrypted with a newer or older key than {credential} has"
    ),
    Krb5.KRB5_KT_KVNONOTFOUND: Row(TargetError, 12, "{credential} has another version of the key"),
    Krb5.KRB5KRB_AP_ERR_NOKEY: _KEY_OF_ANOTHER,
    Krb5.KRB5KRB_AP_ERR_MUT_FAIL: _IMPOSTOR,
    Krb5.KRB5_MUTUAL_FAILED: _IMPOSTOR,
    Krb5.KRB5KRB_ERR_RESPONSE_TOO_BIG: Row(
        MechanismError, 26, "the answer of the KDC of {realm} is too big for UDP"
    ),
    Krb5.KRB5_CONFIG_CANTOPEN: CONFIGURATION,
    Krb5.KRB5_CONFIG_BADFORMAT: CONFIGURATION,
    Krb5.KRB5_CC_NOTFOUND: _NO_TICKET,
    Krb5.KRB5KRB_AP_WRONG_PRINC: _KEY_OF_ANOTHER,
    Krb5.KRB5_KDCREP_MODIFIED: Row(
        CredentialError, 29, "the KDC answered for another name than that of {credential}"
    ),
    Krb5.KRB5_REALM_UNKNOWN: _NO_REALM,
    Krb5.KRB5_REALM_CANT_RESOLVE: _NO_REALM._replace(
        what="the name of the KDC of realm {realm} has no address"
    ),
    Krb5.KRB5_KDC_UNREACH: Row(MechanismError, 9, "no KDC of realm {realm} answers"),
    Krb5.KRB5_KT_NOTFOUND: _NO_KEYTAB,
    Krb5.KRB5_KEYTAB_BADVNO: _NO_KEYTAB._replace(what="{credential} is no keytab"),
    Krb5.KRB5_FCC_PERM: Row(CredentialError, 32, "{credential} may not be read by this user"),
    Krb5.KRB5_FCC_NOFILE: _NO_TICKET,
    Krb5.KRB5_CC_FORMAT: _NO_CACHE,
    Krb5.KRB5_CCACHE_BADVNO: _NO_CACHE,
    Krb5.KRB5_CONFIG_NODEFREALM: Row(
        MechanismError,
        8,
        "there is no default realm",
        "name it in krb5.conf, or write the principal with its realm",
    ),
    Krb5.KG_CCACHE_NOMATCH: Row(
        CredentialError, 24, "{credential} holds no ticket for the principal asked for"
    ),
    Krb5.KG_KEYTAB_NOMATCH: _NO_KEYTAB._replace(failure=11, what="{credential} has no key for that name"),
    Gss.GSS_S_BAD_BINDINGS: Row(MechanismError, 17, "the channel bindings of the two ends differ"),
    Gss.GSS_S_NO_CRED: _NO_TICKET,
    Gss.GSS_S_DEFECTIVE_TOKEN: Row(
        MechanismError, 21, "the peer's token is no security token, or was damaged on the way"
    ),
    Gss.GSS_S_CREDENTIALS_EXPIRED: _EXPIRED._replace(what="{credential} has expired"),
}
GENERAL[Gss.GSS_S_BAD_MECH] = SPECIAL[Phase.ACCEPT, Gss.GSS_S_NO_CRED]

PLAIN = {
    Phase.ACQUIRE: "no ticket could be had with {credential}",
    Phase.INITIATE: "the handshake with {target} could not be started",
    Phase.ANSWER: "the answer of {target} was refused",
    Phase.KEYTAB: "{credential} cannot be used",
    Phase.ACCEPT: "the client's token was refused, with {credential}",
}
