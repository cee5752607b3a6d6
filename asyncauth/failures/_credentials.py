"""Failures about our own credentials: tickets, passwords, caches, and what the directory says of an account."""

from __future__ import annotations

from ._codes import Gss, Krb5, Sspi, Win32
from ._model import Failure

__all__ = ["CREDENTIALS"]

CREDENTIALS = (
    Failure(
        number=3,
        slug="no-credentials",
        family="credentials",
        title="There are no credentials",
        happened="There is no ticket to begin with: the credential cache is not there, is empty, or belongs to"
        " nobody.",
        cause="nobody has logged in; the program runs as another user, or in a container or service that has no"
        " login session, and so looks at another cache",
        fix="log in (kinit), or give a keytab or a password",
        run=(
            "klist, as the user that the program runs as: which cache is looked at, and what is in it",
            "asyncauth connect ... --keytab FILE --principal NAME, for a program that nobody logs in for",
            "where the cache's type is KEYRING or KCM, see whether a container has it; FILE works everywhere",
        ),
        never=(
            "do not copy another user's cache: whoever has it is that user",
            "do not put a password on a command line or into an environment variable",
        ),
        codes=(
            Krb5.KRB5_CC_NOTFOUND,
            Krb5.KRB5_FCC_NOFILE,
            Gss.GSS_S_NO_CRED,
            Sspi.SEC_E_NO_CREDENTIALS,
        ),
        errors=("CredentialError",),
    ),
    Failure(
        number=4,
        slug="ticket-expired",
        family="credentials",
        title="The ticket has expired",
        happened="The ticket's end time has passed. Nothing is wrong with the account.",
        cause="the program has run for longer than its ticket lives (ten hours, usually), and nothing renews it",
        fix="log in again (kinit)",
        run=(
            "klist: when each ticket ends, and until when it can be renewed",
            "give the program a keytab or a password: then it gets its next ticket by itself",
            "if a fresh ticket is called expired, compare the clocks: see 15",
        ),
        never=("do not raise the lifetime of tickets in the whole domain for the sake of one program",),
        codes=(
            Krb5.KRB5KRB_AP_ERR_TKT_EXPIRED,
            Gss.GSS_S_FAILURE,
            Gss.GSS_S_CREDENTIALS_EXPIRED,
            Gss.GSS_S_CONTEXT_EXPIRED,
            Sspi.SEC_E_CONTEXT_EXPIRED,
        ),
        errors=("CredentialError",),
    ),
    Failure(
        number=5,
        slug="wrong-password",
        family="credentials",
        title="The password, or the client's keytab, is wrong",
        happened="The KDC could not open what we had encrypted with the password or with the keytab's key.",
        cause="the password was mistyped or has been changed, or the keytab is older than the password or was made"
        " by hand with the wrong salt",
        fix="the password is wrong, or the keytab is older than the account's password",
        run=(
            "kinit NAME, typing the password: does that work?",
            "klist -kte FILE, beside kvno NAME: is the newest key version of the keytab the account's?",
            "export the keytab anew from the directory rather than making it from a password by hand",
        ),
        never=(
            "do not try again and again in a loop: the directory locks the account",
            "do not set the password of a service's account anew before its keytab can be replaced at once",
        ),
        codes=(
            Krb5.KRB5KDC_ERR_PREAUTH_FAILED,
            Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY,
            Gss.GSS_S_FAILURE,
            Sspi.SEC_E_LOGON_DENIED,
            Win32.ERROR_LOGON_FAILURE,
        ),
        errors=("CredentialError",),
    ),
    Failure(
        number=7,
        slug="account-disabled",
        family="credentials",
        title="The account is disabled, locked or expired, or its password has expired",
        happened="The account exists, and the directory does not let it log in. If the code says server, it is the"
        " service's account.",
        cause="somebody disabled it, too many wrong passwords locked it, or its password or the account itself has"
        " come to its end; the KDC does not say which",
        fix="have the account looked at in the directory: enable or unlock it, or set a new password",
        run=(
            (
                "samba-tool user show NAME, or Get-ADUser NAME -Properties LockedOut,Enabled,PasswordExpired"
                ",AccountExpirationDate"
            ),
            "kpasswd NAME, if it is the password that has expired",
        ),
        never=(
            "do not set DONT_EXPIRE_PASSWORD on a person's account; for a service use a managed account (gMSA)",
            "do not unlock it without asking who sent the wrong passwords",
        ),
        codes=(
            Krb5.KRB5KDC_ERR_CLIENT_REVOKED,
            Krb5.KRB5KDC_ERR_KEY_EXP,
            Krb5.KRB5KDC_ERR_NAME_EXP,
            Krb5.KRB5KDC_ERR_CLIENT_NOTYET,
            Krb5.KRB5KDC_ERR_SERVICE_EXP,
            Krb5.KRB5KDC_ERR_SERVICE_REVOKED,
            Sspi.SEC_E_LOGON_DENIED,
            Win32.ERROR_ACCOUNT_DISABLED,
            Win32.ERROR_ACCOUNT_LOCKED_OUT,
            Win32.ERROR_PASSWORD_EXPIRED,
            Win32.ERROR_PASSWORD_MUST_CHANGE,
            Win32.ERROR_ACCOUNT_RESTRICTION,
        ),
        errors=("CredentialError",),
    ),
    Failure(
        number=24,
        slug="cache-of-somebody-else",
        family="credentials",
        title="The credential cache belongs to somebody else",
        happened="The cache holds tickets, but for another principal than the one asked for.",
        cause="two identities share one cache, because both programs have the same KRB5CCNAME or the same default,"
        " and the last login has won",
        fix="give each identity a cache of its own, and name it",
        run=(
            "klist -l: the caches there are, and whose; klist -c NAME: whose one is",
            "kinit -c FILE:/run/PROGRAM/cache NAME, and asyncauth ... --cache FILE:/run/PROGRAM/cache",
        ),
        never=(
            "do not run kinit in a program that shares its cache with others: it takes their identity away",
        ),
        codes=(Krb5.KG_CCACHE_NOMATCH, Krb5.KRB5KRB_AP_WRONG_PRINC),
        errors=("CredentialError",),
    ),
    Failure(
        number=25,
        slug="delegation-refused",
        family="credentials",
        title="Delegation was refused",
        happened="A ticket to act for somebody was asked for, and the KDC does not give it.",
        cause="the client's ticket is not forwardable, the account is marked as sensitive and may not be"
        " delegated, or the service has no right to delegate to this target",
        fix="see whether the ticket is forwardable, and whether the service's account may delegate to the target",
        run=(
            "klist -f: the flag F is forwardable; kinit -f gets such a ticket",
            (
                "in the directory: NOT_DELEGATED on the user, msDS-AllowedToDelegateTo on the service's account, or"
                " msDS-AllowedToActOnBehalfOfOtherIdentity on the target's"
            ),
        ),
        never=(
            "do not set TRUSTED_FOR_DELEGATION (unconstrained): the service could then act as anybody who comes",
            "do not take the mark off sensitive accounts: administrators have it for a reason",
        ),
        codes=(Krb5.KRB5KDC_ERR_BADOPTION, Krb5.KRB5KDC_ERR_POLICY, Sspi.SEC_E_DELEGATION_REQUIRED),
        errors=("CredentialError",),
    ),
    Failure(
        number=31,
        slug="ticket-not-yet-valid",
        family="credentials",
        title="The ticket is not yet valid, or was made for another client",
        happened="The ticket begins in the future, or the request that came with it names another client than it"
        " does.",
        cause="this machine's clock is behind that of the KDC, the ticket was postdated, or the caches of two"
        " identities were mixed",
        fix="synchronise the clocks; if they agree, get a new ticket into a cache of its own",
        run=("klist: the time in the column Valid starting", "chronyc tracking, or w32tm /query /status"),
        never=("do not raise clockskew in krb5.conf to get on: it weakens the protection against replays",),
        codes=(
            Krb5.KRB5KRB_AP_ERR_TKT_NYV,
            Krb5.KRB5KRB_AP_ERR_BADMATCH,
            Krb5.KRB5KDC_ERR_NEVER_VALID,
            Sspi.SEC_E_TIME_SKEW,
        ),
        errors=("MechanismError",),
    ),
    Failure(
        number=32,
        slug="cache-unreadable",
        family="credentials",
        title="The credential cache cannot be read",
        happened="The file of the cache is there, and this user may not read it, or what is in it is no cache.",
        cause="somebody else logged in under this name, often root with sudo kinit, or the container's user is not"
        " the owner of the file; or something else was written to it",
        fix="check the owner and the mode of the file, and log in anew (kinit)",
        run=(
            "ls -l FILE, and id, as the user that the program runs as",
            "kinit, as that user and without sudo",
        ),
        never=("do not open the file to everybody (chmod 644): who can read it can be you",),
        codes=(Krb5.KRB5_FCC_PERM, Krb5.KRB5_CC_FORMAT, Krb5.KRB5_CCACHE_BADVNO),
        errors=("CredentialError",),
    ),
)
