"""Native codes to our errors: what happened, to whom, and which failure of the catalogue it is.

Cause and remedy come from the catalogue (:mod:`asyncauth.failures`); what is here is the sentence that names the SPN,
realm or file concerned, and the choice of the failure. The same code means different things in different places: a
key that does not fit is a wrong password when we ask for a ticket, another account's ticket when a server receives
it, and an impostor when the server answers. So the table is looked up with the *phase*, the special meaning first.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ..._errors import CredentialError, MechanismError
from ...failures import Code, Errno, Gss, Krb5, failure
from ._rows import ADDRESS, CONFIGURATION, GENERAL, OTHER_TYPE, PLAIN, SMALL_LETTERS, SPECIAL, Phase, Row
from ._shapes import Shape

__all__ = ["Where", "code_of", "explain"]

_ROUTINE_SHIFT = 16
_OTHER_TYPE = "found in keytab but not with enctype"
"""In MIT's text for a key of the right version and another type, which has no code of its own."""
_OWN = (Phase.ACQUIRE, Phase.KEYTAB)
"""Where it can only be our own credentials that do not serve."""
_OF_CLIENTS = (Phase.ACQUIRE, Phase.INITIATE, Phase.ANSWER)


@dataclass(frozen=True, slots=True)
class Where:
    """The names that go into the text."""

    phase: Phase
    credential: str
    target: str = ""
    realm: str = ""


def code_of(major: int, minor: int) -> Code | None:
    """The code that says most of a failure: the minor one if it is known here, else the major one.

    :param major: the routine error of a GSS major status, shifted down; 0 from a krb5 call
    :param minor: as krb5 has it, signed; or an errno; 0 if unknown
    """
    known: tuple[Code, ...] = (*Krb5, *Errno)
    found = next((code for code in known if code.number == minor), None)
    return found or next((code for code in Gss if code.number == major << _ROUTINE_SHIFT), None)


def explain(
    where: Where, code: Code | None, text: str, number: int = 0, shape: Shape | None = None
) -> MechanismError:
    """The error for a failed GSSAPI or krb5 call.

    :param code: None if it is not known here
    :param text: what the library itself says
    :param number: the code's number, if it is not known here
    :param shape: what the peer's token looks like, where that is known to be the matter
    """
    if shape is not None:
        return _not_a_token(where, shape)
    row = _row(where, code, text)
    if row is None:
        sentence = f"{_named(PLAIN[where.phase], where)} ({text})"
        kind = CredentialError if where.phase in _OWN else MechanismError
        return kind(sentence, code=str(number) if number else code and code.name)
    known = failure(row.failure)
    return row.kind(
        f"{_named(row.what, where)} ({text})",
        fix=row.fix or known.fix,
        code=_searchable(code),
        cause=known.cause,
    )


def _row(where: Where, code: Code | None, text: str) -> Row | None:
    if code is None:
        return None
    if code is Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN and _names_an_address(where.target):
        return ADDRESS
    if code is Krb5.KRB5_REALM_UNKNOWN and where.realm != where.realm.upper():
        return SMALL_LETTERS
    if code is Krb5.KRB5KRB_AP_ERR_BADKEYVER and _OTHER_TYPE in text and where.phase is Phase.ACCEPT:
        return OTHER_TYPE
    if (
        isinstance(code, Errno)
        and where.phase in _OF_CLIENTS
        and not where.credential.startswith("the keytab ")
    ):
        return CONFIGURATION  # a cache that may not be read has a code of its own
    return SPECIAL.get((where.phase, code)) or GENERAL.get(code)


def _names_an_address(spn: str) -> bool:
    """Whether the SPN's host is an IP address."""
    host = spn.split("/")[1:2]
    try:
        ipaddress.ip_address(*host)
    except (TypeError, ValueError):
        return False
    return True


def _not_a_token(where: Where, shape: Shape) -> MechanismError:
    """The peer's token cannot be one of ours, and one can see what it is."""
    known = failure(shape.failure)
    peer = f"the server {where.target}" if where.target else "the client"
    return MechanismError(
        f"{peer} sent {shape.what} in place of a Kerberos token",
        fix=shape.fix or known.fix,
        code=shape.code.name,
        cause=known.cause,
    )


def _named(sentence: str, where: Where) -> str:
    return sentence.format(
        credential=where.credential, target=where.target, realm=where.realm or "the default realm"
    )


def _searchable(code: Code | None) -> str | None:
    """What to search for: the number for Kerberos, whose symbols people do not see, else the symbol."""
    return str(code.number) if isinstance(code, Krb5) else code and code.name
