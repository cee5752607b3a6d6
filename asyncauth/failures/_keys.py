"""Failures about a service's keys: its keytab, versions, encryption types."""

from __future__ import annotations

from ._codes import Errno, Gss, Krb5, Sspi, Win32
from ._model import Failure

__all__ = ["KEYS"]

_TRY = "kvno -k FILE SPN: gets a ticket for the SPN and tries to open it with the keytab"

KEYS = (
    Failure(
        number=10,
        slug="keytab-unreadable",
        family="keys",
        title="The keytab is missing, empty or unreadable",
        happened="A service's long-term keys are in a keytab, and this one cannot be read or has no usable entry.",
        cause="the path is wrong, the program's user may not read the file, or the container or the security module"
        " (SELinux, AppArmor) does not show it",
        fix="check the path and its permissions, and what klist -k says of it",
        run=(
            "klist -kte FILE, as the user that the service runs as",
            "ls -lZ FILE: owner, mode and SELinux label",
            "asyncauth serve --keytab FILE, which says at its start which file it cannot read",
        ),
        never=(
            "do not make it readable for everybody: who has it can be the service",
            "do not run the service as root for the sake of its keytab",
        ),
        codes=(Krb5.KRB5_KT_NOTFOUND, Krb5.KRB5_KEYTAB_BADVNO, Gss.GSS_S_NO_CRED, Errno.ENOENT, Errno.EACCES),
        errors=("CredentialError",),
    ),
    Failure(
        number=11,
        slug="ticket-for-another-service",
        family="keys",
        title="The keytab has no key for the ticket's service",
        happened="The client came with a ticket for a service whose key the server does not have.",
        cause="the client asked for another SPN than the keytab has (other host, alias, class or case), or the SPN"
        " is registered on another account than the one the keytab was exported from",
        fix="renew the keytab if the account's password has changed; look for the SPN on a second account",
        run=(
            "klist -k FILE, on the server: the names it has keys for; klist, on the client: the name it asked for",
            "asyncauth spn check SPN: on which account the name is",
            _TRY,
        ),
        never=(
            (
                "do not put keys of other accounts into the keytab until something fits: then one service can be"
                " another"
            ),
        ),
        codes=(
            Krb5.KRB5KRB_AP_ERR_NOT_US,
            Krb5.KRB5KRB_AP_WRONG_PRINC,
            Krb5.KG_KEYTAB_NOMATCH,
            Krb5.KRB5KRB_AP_ERR_NOKEY,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_WRONG_PRINCIPAL,
            Win32.ERROR_WRONG_TARGET_NAME,
        ),
        errors=("TargetError", "CredentialError"),
    ),
    Failure(
        number=12,
        slug="old-key-version",
        family="keys",
        title="The keytab has another version of the key",
        happened="The ticket is encrypted with a version of the account's key (kvno) that the keytab does not"
        " have.",
        cause="the account's password was set anew after the keytab was exported, which ktpass does by itself; or"
        " the client still has a ticket from before a change, and the old key was thrown away",
        fix="export the keytab anew; keep old entries for the lifetime of a ticket",
        run=(
            "klist -k FILE beside kvno SPN: the version the server has, and the one that the KDC uses",
            "on the client: kdestroy and kinit, if only old tickets fail",
        ),
        never=(
            "do not set the password once more to make it right: the version goes up again",
            "do not remove old entries at once: tickets made with them live for some hours",
        ),
        codes=(
            Krb5.KRB5KRB_AP_ERR_BADKEYVER,
            Krb5.KRB5_KT_KVNONOTFOUND,
            Krb5.KRB5KRB_AP_ERR_NOT_US,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_WRONG_PRINCIPAL,
            Win32.ERROR_WRONG_TARGET_NAME,
        ),
        errors=("TargetError",),
    ),
    Failure(
        number=13,
        slug="wrong-key",
        family="keys",
        title="The key has the right version and is another one",
        happened="Name and version of the key fit the ticket, and yet the key does not open it.",
        cause="the SPN is on two accounts, the keytab is of another realm or domain with the same names, or it was"
        " made from the password with the wrong salt",
        fix="look for the SPN on a second account; export the keytab anew from the directory",
        run=(
            "asyncauth spn check SPN: is the name on one account, and the right one?",
            "kinit -k -t FILE ACCOUNT: whether the KDC takes the keytab's key for the account's",
            _TRY,
        ),
        never=(
            "do not make keytabs from a password with ktutil if you can export them: the salt is easily wrong",
            "do not take it for a replay or a network fault and try again: the keys will not change",
        ),
        codes=(
            Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY,
            Krb5.KRB5KRB_AP_ERR_MODIFIED,
            Krb5.KRB5KRB_AP_ERR_NOT_US,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_WRONG_PRINCIPAL,
            Win32.ERROR_WRONG_TARGET_NAME,
        ),
        errors=("TargetError",),
    ),
    Failure(
        number=14,
        slug="encryption-type",
        family="keys",
        title="There is no encryption type in common",
        happened="The KDC, the client and the service's account have no encryption type that all of them allow, or"
        " the keytab lacks the one that the ticket has.",
        cause="the account has RC4 keys only, because its password is older than the domain's AES keys or its"
        " msDS-SupportedEncryptionTypes says so, and the other end refuses RC4; or the keytab was exported with one"
        " type only",
        fix="enable AES on the account and set its password anew",
        run=(
            "klist -e: the types of the tickets there are; klist -kte FILE: those of the keytab",
            (
                "set msDS-SupportedEncryptionTypes of the account to 24 (AES-128 and AES-256), then its password,"
                " then export the keytab"
            ),
        ),
        never=(
            "do not set allow_weak_crypto or allow_rc4 = true: RC4 keys can be found offline from any ticket",
            "do not export a keytab with RC4 keys only",
        ),
        codes=(
            Krb5.KRB5KDC_ERR_ETYPE_NOSUPP,
            Krb5.KRB5_PROG_ETYPE_NOSUPP,
            Krb5.KRB5KDC_ERR_NULL_KEY,
            Krb5.KRB5KRB_AP_ERR_BADKEYVER,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_KDC_UNKNOWN_ETYPE,
        ),
        errors=("MechanismError", "TargetError"),
    ),
)
