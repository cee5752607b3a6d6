"""LDAP result codes (RFC 4511 appendix A) as errors that say what to do."""

from __future__ import annotations

import re
from typing import Any

from .._errors import DirectoryError

__all__ = [
    "ALREADY_EXISTS", "CONSTRAINT_VIOLATION",  "NO_SUCH_OBJECT", "SESSION_IS_OVER", "SUCCESS",
    "refusal",
]  # fmt: skip

SUCCESS = 0
NO_SUCH_OBJECT = 32
ALREADY_EXISTS = 68
CONSTRAINT_VIOLATION = 19
SESSION_IS_OVER = frozenset({1, 51, 52})
"""operationsError, busy, unavailable: how controllers answer on a session that they will not go on serving,
among others when its ticket has expired."""

_ASK = "ask a domain administrator for the right"
_FIXES = {
    4: "ask for less, or raise the controller's size limit",
    8: "pass a mechanism that seals, such as Kerberos; the controller refuses unprotected binds",
    10: "address the domain that holds the object; referrals are not followed",
    19: "check the value against the schema's limits",
    32: "create the object above it first, or correct the name",
    34: "correct the distinguished name",
    49: "check that the SPN is registered on the controller's own account, and the clocks",
    50: _ASK,
    53: "read the server's reason; writes go to a domain controller, never to the global catalogue",
    64: "correct the name or the attributes",
    65: "correct the attributes; the class does not take them, or lacks one",
    66: "remove the objects under it first",
    68: "choose another name, or change the existing object",
}
_LONGEST_TEXT = 160


def refusal(what: str, result: dict[str, Any]) -> DirectoryError:
    """The error for a result that is no success.

    :param what: what was tried, with the names concerned: ``dc1 refused to add CN=...``
    :param result: ldap3's: ``result`` (number), ``description`` (symbol), ``message`` (the server's text)
    """
    number = int(result["result"])
    said = re.sub(r"[\s\x00]+", " ", str(result.get("message") or "")).strip()
    text = f" ({said[:_LONGEST_TEXT]})" if said else ""
    return DirectoryError(
        f"{what}{text}",
        fix=_FIXES.get(number),
        code=f"LDAP {number} {result.get('description') or 'unknown'}",
    )
