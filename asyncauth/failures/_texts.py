"""MIT's texts, for where the number is hidden.

GSSAPI's SPNEGO replaces the numbers of the mechanism beneath it with numbers of its own, which differ from process to
process, and logs often have the text alone. The text is still Kerberos's: that of the table, or one with names in it.
"""

from __future__ import annotations

import re

from ._codes import Gss, Krb5, Sspi

__all__ = ["code_with_names", "codes_said_in"]

_WITH_NAMES: tuple[tuple[re.Pattern[str], Krb5], ...] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"Server .+? not found in Kerberos database", Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN),
        (r"Client '?.+?'? not found in Kerberos database", Krb5.KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN),
        (
            r"Request ticket server .+? kvno \d+ (not found in keytab|found in keytab but not with)",
            Krb5.KRB5KRB_AP_ERR_BADKEYVER,
        ),
        (
            r"Request ticket server .+? kvno \d+ .*cannot decrypt ticket",
            Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY,
        ),
        (r"Cannot decrypt ticket for ", Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY),
        (r"Cannot find key for .* kvno \d+ in keytab", Krb5.KRB5KRB_AP_ERR_BADKEYVER),
        (r"Request ticket server |Server principal .* does not match", Krb5.KRB5KRB_AP_ERR_NOT_US),
        (r"(Pre-authentication failed: )?Key table file .* not found", Krb5.KRB5_KT_NOTFOUND),
        (r"Keytab .* is nonexistent or empty|Keytab contains no suitable keys", Krb5.KRB5_KT_NOTFOUND),
        (r"Cannot find KDC for realm", Krb5.KRB5_REALM_UNKNOWN),
        (r"Cannot contact any KDC for realm", Krb5.KRB5_KDC_UNREACH),
        (r"No key table entry found", Krb5.KG_KEYTAB_NOMATCH),
        (r"Bad format in credentials cache", Krb5.KRB5_CC_FORMAT),
        (r"Unsupported credentials cache format", Krb5.KRB5_CCACHE_BADVNO),
        (r"Credentials cache .* not found|No Kerberos credentials available", Krb5.KRB5_CC_NOTFOUND),
    )
)
_LONG_ENOUGH = 12
"""Characters of a text from which on it is no accident in a line."""


def code_with_names(text: str) -> Krb5 | None:
    """The code whose text, with names put into it, begins the text; None if it is none."""
    return next((code for pattern, code in _WITH_NAMES if pattern.match(text)), None)


def codes_said_in(line: str) -> list[Krb5 | Gss | Sspi]:
    """The codes whose text stands in a line, upper and lower case alike."""
    named = next((code for pattern, code in _WITH_NAMES if pattern.search(line)), None)
    found: list[Krb5 | Gss | Sspi] = [] if named is None else [named]
    lower = line.lower()
    for code in (*Krb5, *Gss, *Sspi):
        text = code.says.lower().rstrip(".")
        if len(text) >= _LONG_ENOUGH and text in lower and code not in found:
            found.append(code)
    return found
