"""GSSAPI's errors to ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gssapi import raw

from ..._errors import IntegrityError, MechanismError
from ...failures import Code, Gss, failure
from .._codes import Phase, Where, code_of, explain, shape_of
from .._krb5._memory import code_of_text

__all__ = ["broken_message", "mechanism_error", "translated"]

_ROUTINE_SHIFT = 16
_FIRST_MAPPED = 100_001
"""Minor codes from here on are MIT's own numbers for codes of a mechanism beneath another."""

_SAYS_NOTHING = ("Success", "Unknown error", "gss_display_status call returned failure")
"""How the texts begin for a minor code that has none; the last is python-gssapi's, of the status call itself."""
_CUT = {"", "Token header is malformed or corrupt"}
"""MIT's G_BAD_TOK_HEADER, for which Kerberos by itself has a number and no text."""
_TOKEN_CODES = {Gss.GSS_S_BAD_MECH, Gss.GSS_S_DEFECTIVE_TOKEN, Gss.GSS_S_NO_CRED, Gss.GSS_S_FAILURE, None}
"""What a library says of a token that is none of its mechanism's."""


class _Broken(NamedTuple):
    code: Gss
    failure: int
    """Its number in the catalogue."""
    what: str
    fix: str = ""
    """Where the catalogue's is for another case."""


_BROKEN = (
    _Broken(Gss.GSS_S_BAD_SIG, 22, "was altered on the way"),
    _Broken(Gss.GSS_S_DEFECTIVE_TOKEN, 21, "is not a protected message", "drop this connection"),
    _Broken(
        Gss.GSS_S_CONTEXT_EXPIRED,
        4,
        "came after the security context had expired",
        "connect again with a new ticket",
    ),
    _Broken(Gss.GSS_S_DUPLICATE_TOKEN, 23, "was received a second time"),
    _Broken(Gss.GSS_S_OLD_TOKEN, 23, "is too old to tell whether it was received before"),
    _Broken(Gss.GSS_S_UNSEQ_TOKEN, 23, "came out of sequence: a later one was here before"),
    _Broken(Gss.GSS_S_GAP_TOKEN, 23, "came after a gap: a message before it is missing"),
)
"""Routine errors first: where there is one, the supplementary bits say nothing."""


@contextmanager
def translated(where: Where) -> Iterator[None]:
    """Turn a GSSError into the MechanismError that names what ``where`` names."""
    try:
        yield
    except raw.GSSError as error:
        raise mechanism_error(where, error) from error


def mechanism_error(where: Where, error: raw.GSSError, received: bytes | None = None) -> MechanismError:
    """The MechanismError for a failed call, with the error token that the mechanism has for the peer.

    :param received: the peer's token that the call was about; only its kind gets into the text
    """
    text, code, number = _said(error)
    shape = shape_of(received) if code in _TOKEN_CODES else None
    translation = explain(where, code, text, number, shape)
    if where.phase in (Phase.ACCEPT, Phase.ANSWER):
        translation.token = error.token
    return translation


def broken_message(peer: str, error: raw.GSSError) -> IntegrityError:
    """The IntegrityError for a wrap or unwrap that failed."""
    known = next((each for each in _BROKEN if _is(error, each.code)), None)
    if known is None:
        return IntegrityError(
            f"a message from or to {peer} was refused ({_text(error)})",
            fix="drop this connection",
            code=f"GSS 0x{error.maj_code:X}",
        )
    explained = failure(known.failure)
    return IntegrityError(
        f"a message from or to {peer} {known.what} ({_text(error)})",
        fix=known.fix or explained.fix,
        code=known.code.name,
        cause=explained.cause,
    )


def _is(error: raw.GSSError, code: Gss) -> bool:
    """Whether the status has that routine error, or has none and that supplementary bit."""
    routine = _routine(error) << _ROUTINE_SHIFT
    return routine == code.number or (not routine and bool(error.maj_code & code.number))


def _said(error: raw.GSSError) -> tuple[str, Code | None, int]:
    """The library's text, the code that says most, and the minor number if that code is not it."""
    text = _text(error)
    minor = error.min_code - 2**32 if error.min_code >= 2**31 else error.min_code
    code = code_of(_routine(error), minor)
    if isinstance(code, Gss | None) and minor >= _FIRST_MAPPED:
        return text, code_of_text(text) or _unless_cut(code, error), 0
    return text, code, 0 if code is not None and not isinstance(code, Gss) else minor


def _unless_cut(code: Gss | None, error: raw.GSSError) -> Gss | None:
    """The major code, unless it is known that a token was cut short, for which it says nothing."""
    return Gss.GSS_S_DEFECTIVE_TOKEN if code is Gss.GSS_S_FAILURE and _minor_text(error) in _CUT else code


def _routine(error: raw.GSSError) -> int:
    return (error.maj_code >> _ROUTINE_SHIFT) & 0xFF


def _text(error: raw.GSSError) -> str:
    return _minor_text(error) or "; ".join(error.get_all_statuses(error.maj_code, True))


def _minor_text(error: raw.GSSError) -> str:
    texts = error.get_all_statuses(error.min_code, False)
    return "; ".join(text.strip() for text in texts if not text.startswith(_SAYS_NOTHING))
