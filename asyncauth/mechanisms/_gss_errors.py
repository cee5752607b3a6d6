"""GSSAPI's errors to ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gssapi import raw

from .._errors import IntegrityError, MechanismError
from ._codes import Phase, Where, explain
from ._krb5 import code_of_text

__all__ = ["broken_message", "mechanism_error", "translated"]

_ROUTINE_SHIFT = 16
_FIRST_MAPPED = 100_001
"""Minor codes from here on are MIT's own numbers for codes of a mechanism beneath another."""

_SUPPLEMENTARY: tuple[tuple[type[raw.GSSError], str], ...] = (
    (raw.DuplicateTokenError, "was received a second time"),
    (raw.TokenTooLateError, "is too old to tell whether it was received before"),
    (raw.TokenTooEarlyError, "came after a gap: a message before it is missing"),
    (raw.TokenOutOfSequenceError, "came out of sequence"),
    (raw.BadMICError, "was altered on the way"),
    (raw.InvalidTokenError, "is not a protected message"),
    (raw.ExpiredContextError, "came after the security context had expired"),
)


@contextmanager
def translated(where: Where) -> Iterator[None]:
    """Turn a GSSError into the MechanismError that names what ``where`` names."""
    try:
        yield
    except raw.GSSError as error:
        raise mechanism_error(where, error) from error


def mechanism_error(where: Where, error: raw.GSSError) -> MechanismError:
    """The MechanismError for a failed call, with the error token that the mechanism has for the peer."""
    text = _minor_text(error)
    minor = _signed(error.min_code)
    if minor >= _FIRST_MAPPED:
        minor = code_of_text(text)
    major = (error.maj_code >> _ROUTINE_SHIFT) & 0xFF
    translation = explain(where, major=major, minor=minor, text=text)
    if where.phase in (Phase.ACCEPT, Phase.ANSWER):
        translation.token = error.token
    return translation


def broken_message(peer: str, error: raw.GSSError) -> IntegrityError:
    """The IntegrityError for a wrap or unwrap that failed."""
    what = next((text for kind, text in _SUPPLEMENTARY if isinstance(error, kind)), "was refused")
    return IntegrityError(
        f"a message from or to {peer} {what} ({_minor_text(error)})",
        fix="drop this connection; if it happens again, look for what stands between the two ends",
        code=f"GSS 0x{error.maj_code:X}",
    )


def _minor_text(error: raw.GSSError) -> str:
    texts = [text for text in error.get_all_statuses(error.min_code, False) if text != "Success"]
    return "; ".join(texts or error.get_all_statuses(error.maj_code, True))


def _signed(code: int) -> int:
    return code - 2**32 if code >= 2**31 else code
