"""Finding failures by whatever people have in their hands: a number, a symbol, a class, a line of a log.

One number may mean several things. What it can be is decided by its size where that is enough: Kerberos numbers lie
in a range of their own, signed or not, and so do HRESULTs and major codes. A small number can be a number of the
Kerberos protocol, of GSSAPI's routine errors, of Windows or of the system; alone it is answered with all of them, in
the middle of a line it is left alone unless something says that it is a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache

from ._catalogue import FAILURES, KINDS
from ._codes import Code, Errno, Gss, Krb5, Sspi, Win32
from ._model import Failure, Kind
from ._texts import codes_said_in

__all__ = ["Found", "cause_of", "failure", "failure_with", "lookup", "nearest"]

_WORD = 2**32
_HRESULT_OF_WIN32 = 0x80070000
_PREFIX = re.compile(
    r"(KRB5KDC_ERR|KRB5KRB_AP_ERR|KRB5KRB_AP|KRB5KRB_ERR|KRB5|KDC_ERR|KRB_AP_ERR|KRB_ERR|AP_ERR"
    r"|GSS_S|SEC_E|ERROR|WERR|KG)_"
)
_ALIASES = {"BAD_MIC": "BAD_SIG", "CRED_UNAVAIL": "FAILURE", "KEY_EXPIRED": "KEY_EXP"}
"""Other names for the same: gssapi.h's, and RFC 4120's where it differs from MIT's."""
_NUMBER = re.compile(r"-?\d+|0[xX][0-9a-fA-F]+")
_MAJOR = re.compile(r"GSS(?: major)? (\d+|0[xX][0-9a-fA-F]+)", re.IGNORECASE)
_CODE_IN_LINE = re.compile(
    r"""0[xX][0-9a-fA-F]+
    | (?<![\w.-])-?\d{5,}(?![\w.])
    | (?<=\[)-?\d+(?=\])                                   # as our own errors write it
    | (?i:(?<=error)|(?<=code)|(?<=major)|(?<=minor)|(?<=status)|(?<=errno))[\s:=(]+-?\d+\b
    | \b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b
    | \b[A-Z][a-z]+(?:[A-Z]+[a-z]+)+\b
    | \b(?:ENOENT|EACCES)\b""",
    re.VERBOSE,
)
_CODES: tuple[Code, ...] = (*Krb5, *Gss, *Sspi, *Win32, *Errno)
_ALIKE = 0.7
_LOWEST_ROUTINE, _HIGHEST_ROUTINE, _HIGHEST_SUPPLEMENTARY = 0x10000, 0x120000, 0x1F


@dataclass(frozen=True, slots=True)
class Found:
    """One meaning of what was asked for.

    :param meaning: the code, the class of ours, or the failure itself
    :param failures: what it may report, in the order of the catalogue
    """

    meaning: Code | Kind | Failure
    failures: tuple[Failure, ...]


def lookup(text: str) -> list[Found]:
    """Every meaning of a code, or of the codes in a line; none if nothing is known.

    :param text: a number in any notation, a symbol with or without its prefix, the name of one of our classes or of a
        failure (its ``slug``), or a line that contains codes or a system's text for one
    """
    whole = text.strip()
    meanings = list(_exactly(whole)) or list(_within(whole))
    return [Found(meaning, _failures_of(meaning)) for meaning in dict.fromkeys(meanings)]


def nearest(text: str, count: int = 5) -> list[str]:
    """What may have been meant by a code that is not known, the likeliest first."""
    asked = text.strip()
    names = {_bare(code.name): code.name for code in _CODES} | {
        kind.name.upper(): kind.name for kind in KINDS
    }
    if _NUMBER.fullmatch(asked):
        return _nearest_numbers(asked.lower())[:count]
    return [names[each] for each in get_close_matches(_bare(asked.upper()), names, count, 0.6)]


def _nearest_numbers(asked: str) -> list[str]:
    """Those that look most like it; of several that do, the next ones first."""
    numbers = {each: f"{each} {code.name}" for code in _CODES for each in code.written}
    alike = {each: round(SequenceMatcher(None, asked, each).ratio(), 2) for each in numbers}
    close = [each for each, ratio in alike.items() if ratio >= _ALIKE]
    close.sort(key=lambda each: (-alike[each], abs(_parsed(each) - _parsed(asked))))
    return [numbers[each] for each in close]


def failure(number: int) -> Failure:
    """The failure with that number of the catalogue; KeyError if there is none."""
    return _by_number()[number]


def failure_with(cause: str | None) -> Failure | None:
    """The failure with that cause, which an error carries; None if it is no failure's."""
    return next((each for each in FAILURES if each.cause == cause), None)


def cause_of(code: str | None, classes: Iterable[str]) -> str | None:
    """Why an error with that code usually happens, else why one of these classes does; None where nobody knows.

    :param code: as :attr:`AsyncAuthError.code` has it; one that several failures have says nothing here
    :param classes: names of the error's class and of those above it, the narrowest first
    """
    rows = {each.number: each for meaning in _exactly(code or "") for each in _failures_of(meaning)}
    if len(rows) == 1:
        return next(iter(rows.values())).cause
    kinds = (_kinds().get(name) for name in classes)
    return next((kind.cause for kind in kinds if kind is not None and kind.cause), None)


def _exactly(text: str) -> Iterator[Code | Kind | Failure]:
    """What the whole of the text means."""
    if _NUMBER.fullmatch(text):
        yield from _of_number(_parsed(text))
    elif major := _MAJOR.fullmatch(text):
        yield from _of_major(_parsed(major[1]))
    else:
        yield from (kind for kind in KINDS if kind.name.lower() == text.lower())
        yield from (each for each in FAILURES if each.slug == text.lower())
        name = text.upper()
        full = [code for code in _CODES if code.name == name]
        bare = _ALIASES.get(_bare(name), _bare(name))
        yield from full or (code for code in _CODES if _bare(code.name) == bare)


def _within(line: str) -> Iterator[Code | Kind | Failure]:
    """What the codes in a line mean, and the systems' own texts."""
    for match in _CODE_IN_LINE.finditer(line):
        yield from _exactly(match[0].lstrip(" \t:=("))
    yield from codes_said_in(line)


def _of_number(number: int) -> Iterator[Code]:
    unsigned = number % _WORD
    yield from (code for code in Krb5 if code.number % _WORD == unsigned or code.protocol == number)
    yield from (code for code in Sspi if code.number == unsigned)
    yield from (code for code in Win32 if code.number in (number, unsigned - _HRESULT_OF_WIN32))
    yield from (code for code in Errno if code.number == number)
    yield from _of_major(number)


def _of_major(number: int) -> Iterator[Gss]:
    """Of a major code: its routine error, written with its bare number too, or its supplementary bit."""
    routine = number & ~_HIGHEST_SUPPLEMENTARY
    if not _LOWEST_ROUTINE <= routine <= _HIGHEST_ROUTINE:
        routine = number << 16
    yield from (code for code in Gss if code.number in (number, routine))


def _parsed(number: str) -> int:
    return int(number, 16 if "x" in number.lower() else 10)


def _bare(name: str) -> str:
    return _PREFIX.sub("", name, count=1) if _PREFIX.match(name) else name


def _failures_of(meaning: Code | Kind | Failure) -> tuple[Failure, ...]:
    if isinstance(meaning, Failure):
        return (meaning,)
    if isinstance(meaning, Kind):
        return tuple(each for each in FAILURES if meaning.name in each.errors)
    return tuple(each for each in FAILURES if meaning in each.codes)


@cache
def _by_number() -> dict[int, Failure]:
    return {each.number: each for each in FAILURES}


@cache
def _kinds() -> dict[str, Kind]:
    return {kind.name: kind for kind in KINDS}
