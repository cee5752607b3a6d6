"""The numbers by which Kerberos, GSSAPI and Windows name a failure, with each header's symbol and the system's text.

Only numbers that an explanation exists for, or that stand beside one, are here. Those of MIT are from ``krb5.h`` and
``gssapi.h`` (a KG_ number from ``gssapi_err_krb5.et``), those of Windows from ``winerror.h``; tests read them back
from the installed headers and libraries.

A Kerberos number is written in three ways. The library uses the signed one, ``KRB5 base + protocol number``; logs of
other programs have the same 32 bits unsigned; RFC 4120 7.5.9 and packet captures have the protocol number alone.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["Code", "Errno", "Gss", "Krb5", "Sspi", "Win32"]

_BASE = -1765328384
"""ERROR_TABLE_BASE_krb5."""
_PROTOCOL_NUMBERS = 128
"""The first that many codes of the table are those of the protocol."""
_WORD = 2**32


class Code(Enum):
    """A number with its header's symbol (``name``) and the text that the system itself prints.

    Not an integer: the 2 of one kind is not the 2 of another.
    """

    def __init__(self, number: int, says: str) -> None:
        self.number = number
        self.says = says

    @property
    def written(self) -> tuple[str, ...]:
        """How people meet the number, the most usual first."""
        return (str(self.number),)


class Krb5(Code):
    """MIT's minor codes, as the signed numbers that the library uses."""

    KRB5KDC_ERR_NAME_EXP = -1765328383, "Client's entry in database has expired"
    KRB5KDC_ERR_SERVICE_EXP = -1765328382, "Server's entry in database has expired"
    KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN = -1765328378, "Client not found in Kerberos database"
    KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN = -1765328377, "Server not found in Kerberos database"
    KRB5KDC_ERR_PRINCIPAL_NOT_UNIQUE = -1765328376, "Principal has multiple entries in Kerberos database"
    KRB5KDC_ERR_NULL_KEY = -1765328375, "Client or server has a null key"
    KRB5KDC_ERR_NEVER_VALID = -1765328373, "Requested effective lifetime is negative or too short"
    KRB5KDC_ERR_POLICY = -1765328372, "KDC policy rejects request"
    KRB5KDC_ERR_BADOPTION = -1765328371, "KDC can't fulfill requested option"
    KRB5KDC_ERR_ETYPE_NOSUPP = -1765328370, "KDC has no support for encryption type"
    KRB5KDC_ERR_CLIENT_REVOKED = -1765328366, "Client's credentials have been revoked"
    KRB5KDC_ERR_SERVICE_REVOKED = -1765328365, "Credentials for server have been revoked"
    KRB5KDC_ERR_CLIENT_NOTYET = -1765328363, "Client not yet valid - try again later"
    KRB5KDC_ERR_KEY_EXP = -1765328361, "Password has expired"
    KRB5KDC_ERR_PREAUTH_FAILED = -1765328360, "Preauthentication failed"
    KRB5KDC_ERR_MUST_USE_USER2USER = -1765328357, "Server principal valid for user2user only"
    KRB5KDC_ERR_PATH_NOT_ACCEPTED = -1765328356, "KDC policy rejects transited path"
    KRB5KRB_AP_ERR_BAD_INTEGRITY = -1765328353, "Decrypt integrity check failed"
    KRB5KRB_AP_ERR_TKT_EXPIRED = -1765328352, "Ticket expired"
    KRB5KRB_AP_ERR_TKT_NYV = -1765328351, "Ticket not yet valid"
    KRB5KRB_AP_ERR_REPEAT = -1765328350, "Request is a replay"
    KRB5KRB_AP_ERR_NOT_US = -1765328349, "The ticket isn't for us"
    KRB5KRB_AP_ERR_BADMATCH = -1765328348, "Ticket/authenticator don't match"
    KRB5KRB_AP_ERR_SKEW = -1765328347, "Clock skew too great"
    KRB5KRB_AP_ERR_MODIFIED = -1765328343, "Message stream modified"
    KRB5KRB_AP_ERR_BADKEYVER = -1765328340, "Key version is not available"
    KRB5KRB_AP_ERR_NOKEY = -1765328339, "Service key not available"
    KRB5KRB_AP_ERR_MUT_FAIL = -1765328338, "Mutual authentication failed"
    KRB5KRB_ERR_RESPONSE_TOO_BIG = -1765328332, "Response too big for UDP, retry with TCP"
    KRB5KDC_ERR_WRONG_REALM = -1765328316, "Realm not local to KDC"
    KRB5_CONFIG_CANTOPEN = -1765328249, "Can't open/find Kerberos configuration file"
    KRB5_CONFIG_BADFORMAT = -1765328248, "Improper format of Kerberos configuration file"
    KRB5_CC_NOTFOUND = -1765328243, "Matching credential not found"
    KRB5KRB_AP_WRONG_PRINC = -1765328240, "Wrong principal in request"
    KRB5_KDCREP_MODIFIED = -1765328237, "KDC reply did not match expectations"
    KRB5_KDCREP_SKEW = -1765328236, "Clock skew too great in KDC reply"
    KRB5_PROG_ETYPE_NOSUPP = -1765328234, "Program lacks support for encryption type"
    KRB5_REALM_UNKNOWN = -1765328230, "Cannot find KDC for requested realm"
    KRB5_REALM_CANT_RESOLVE = -1765328164, "Cannot resolve network address for KDC in requested realm"
    KRB5_KDC_UNREACH = -1765328228, "Cannot contact any KDC for requested realm"
    KRB5_MUTUAL_FAILED = -1765328226, "Mutual authentication failed"
    KRB5_KT_NOTFOUND = -1765328203, "Key table entry not found"
    KRB5_FCC_PERM = -1765328190, "Credentials cache permissions incorrect"
    KRB5_FCC_NOFILE = -1765328189, "No credentials cache found"
    KRB5_CC_FORMAT = -1765328185, "Bad format in credentials cache"
    KRB5_CCACHE_BADVNO = -1765328172, "Unsupported credentials cache format version number"
    KRB5_KEYTAB_BADVNO = -1765328171, "Unsupported key table format version number"
    KRB5_CONFIG_NODEFREALM = -1765328160, "Configuration file does not specify default realm"
    KRB5_KT_KVNONOTFOUND = -1765328154, "Key version number for principal in key table is incorrect"
    KG_CCACHE_NOMATCH = 39756032, "Principal in credential cache does not match desired name"
    KG_KEYTAB_NOMATCH = 39756033, "No principal in keytab matches desired name"

    @property
    def protocol(self) -> int | None:
        """The number on the wire (RFC 4120 7.5.9), for a code that has one."""
        number = self.number - _BASE
        return number if 0 <= number < _PROTOCOL_NUMBERS else None

    @property
    def written(self) -> tuple[str, ...]:
        words = (str(self.number), f"0x{self.number % _WORD:08x}", str(self.number % _WORD))
        return words if self.protocol is None else (*words, str(self.protocol))


class Gss(Code):
    """Major status codes of RFC 2744: routine errors, and the supplementary bits."""

    GSS_S_BAD_MECH = 0x10000, "An unsupported mechanism was requested"
    GSS_S_BAD_BINDINGS = 0x40000, "Incorrect channel bindings were supplied"
    GSS_S_BAD_SIG = 0x60000, "A token had an invalid Message Integrity Check (MIC)"
    GSS_S_NO_CRED = (
        0x70000,
        "No credentials were supplied, or the credentials were unavailable or inaccessible",
    )
    GSS_S_DEFECTIVE_TOKEN = 0x90000, "Invalid token was supplied"
    GSS_S_CREDENTIALS_EXPIRED = 0xB0000, "The referenced credential has expired"
    GSS_S_CONTEXT_EXPIRED = 0xC0000, "The referenced context has expired"
    GSS_S_FAILURE = 0xD0000, "Unspecified GSS failure.  Minor code may provide more information"
    GSS_S_DUPLICATE_TOKEN = 0x2, "The token was a duplicate of an earlier token"
    GSS_S_OLD_TOKEN = 0x4, "The token's validity period has expired"
    GSS_S_UNSEQ_TOKEN = 0x8, "A later token has already been processed"
    GSS_S_GAP_TOKEN = 0x10, "An expected per-message token was not received"

    @property
    def written(self) -> tuple[str, ...]:
        return f"0x{self.number:x}", str(self.number)


class Sspi(Code):
    """HRESULTs of the security package interface."""

    SEC_E_UNSUPPORTED_FUNCTION = 0x80090302, "The function requested is not supported."
    SEC_E_TARGET_UNKNOWN = 0x80090303, "The specified target is unknown or unreachable."
    SEC_E_SECPKG_NOT_FOUND = 0x80090305, "The requested security package does not exist."
    SEC_E_INVALID_TOKEN = 0x80090308, "The token supplied to the function is invalid."
    SEC_E_LOGON_DENIED = 0x8009030C, "The logon attempt failed."
    SEC_E_NO_CREDENTIALS = 0x8009030E, "No credentials are available in the security package."
    SEC_E_MESSAGE_ALTERED = (
        0x8009030F,
        "The message or signature supplied for verification has been altered.",
    )
    SEC_E_OUT_OF_SEQUENCE = 0x80090310, "The message supplied for verification is out of sequence."
    SEC_E_NO_AUTHENTICATING_AUTHORITY = 0x80090311, "No authority could be contacted for authentication."
    SEC_E_CONTEXT_EXPIRED = 0x80090317, "The context has expired and can no longer be used."
    SEC_E_WRONG_PRINCIPAL = 0x80090322, "The target principal name is incorrect."
    SEC_E_TIME_SKEW = 0x80090324, "The clocks on the client and server machines are skewed."
    SEC_E_MAX_REFERRALS_EXCEEDED = 0x80090338, "The number of maximum ticket referrals has been exceeded."
    SEC_E_KDC_UNABLE_TO_REFER = (
        0x80090341,
        "The KDC was unable to generate a referral for the service requested.",
    )
    SEC_E_KDC_UNKNOWN_ETYPE = 0x80090342, "The encryption type requested is not supported by the KDC."
    SEC_E_DELEGATION_REQUIRED = (
        0x80090345,
        (
            "The requested operation cannot be completed. The computer must be trusted for delegation, and the"
            " current user account must be configured to allow delegation."
        ),
    )
    SEC_E_BAD_BINDINGS = (
        0x80090346,
        "Client's supplied Security Support Provider Interface (SSPI) channel bindings were incorrect.",
    )
    SEC_E_DOWNGRADE_DETECTED = (
        0x80090350,
        (
            "The system detected a possible attempt to compromise security. Ensure that you can contact the server"
            " that authenticated you."
        ),
    )
    SEC_E_MUTUAL_AUTH_FAILED = 0x80090363, "Mutual authentication failed."

    @property
    def written(self) -> tuple[str, ...]:
        return f"0x{self.number:08x}", str(self.number), str(self.number - _WORD)


class Win32(Code):
    """Windows' error numbers, which SSPI programs and .NET report; as an HRESULT they begin with 0x8007."""

    ERROR_NO_LOGON_SERVERS = (
        1311,
        "There are currently no logon servers available to service the logon request.",
    )
    ERROR_LOGON_FAILURE = 1326, "The user name or password is incorrect."
    ERROR_ACCOUNT_RESTRICTION = 1327, "Account restrictions are preventing this user from signing in."
    ERROR_PASSWORD_EXPIRED = 1330, "The password for this account has expired."
    ERROR_ACCOUNT_DISABLED = 1331, "This user can't sign in because this account is currently disabled."
    ERROR_NO_SUCH_DOMAIN = 1355, "The specified domain either does not exist or could not be contacted."
    ERROR_WRONG_TARGET_NAME = 1396, "The target account name is incorrect."
    ERROR_TIME_SKEW = 1398, "There is a time and/or date difference between the client and server."
    ERROR_TRUST_FAILURE = 1790, "The network logon failed."
    ERROR_PASSWORD_MUST_CHANGE = 1907, "The user's password must be changed before signing in."
    ERROR_ACCOUNT_LOCKED_OUT = (
        1909,
        "The referenced account is currently locked out and may not be logged on to.",
    )
    ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST = (
        8647,
        "The operation failed because SPN value provided for addition/modification is not unique forest-wide.",
    )

    @property
    def written(self) -> tuple[str, ...]:
        return str(self.number), f"0x{0x80070000 | self.number:08x}"


class Errno(Code):
    """The system's own numbers, which MIT's library passes on for a keytab or cache file."""

    ENOENT = 2, "No such file or directory"
    EACCES = 13, "Permission denied"
