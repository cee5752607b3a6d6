"""``asyncauth explain``: what an error code means, offline. It reads the catalogue and asks nobody."""

from __future__ import annotations

import argparse
import re
import textwrap
from dataclasses import asdict
from typing import Any

from .._errors import AsyncAuthError
from ..failures import FAILURES, Code, Failure, Found, Kind, Krb5, lookup, nearest
from ._output import Output

__all__ = ["run"]

_WIDTH = 100
_IN_FULL = 4
"""Failures explained in full; of more than that, which a code that says nothing has, only the titles."""
_MADE_UP = re.compile(r"1000\d\d|186[aA]\w")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Explain a code or the codes in a line; list the catalogue if there is none.

    :raises AsyncAuthError: nothing is known of it
    """
    asked = " ".join(arguments.code).strip()
    if not asked:
        _show_all(output)
        return 0
    found = lookup(asked)
    if not found:
        raise _unknown(asked, output)
    for each in found:
        _show_meaning(each, output, in_full=arguments.verbose > 0)
    if output.json:
        for failure in dict.fromkeys(failure for each in found for failure in each.failures):
            output.event("failure", **_fields(failure))
    return 0


def _show_all(output: Output) -> None:
    for failure in FAILURES:
        output.event(
            "failure", f"{failure.number:>3}  {failure.slug:<26}  {failure.title}", **_fields(failure)
        )
    output.line()
    output.line("asyncauth explain CODE, CLASS or one of these names says more")


def _show_meaning(found: Found, output: Output, *, in_full: bool) -> None:
    meaning = found.meaning
    if isinstance(meaning, Code):
        _show_code(meaning, found, output)
    elif isinstance(meaning, Kind):
        _show_kind(meaning, found, output)
    if len(found.failures) > _IN_FULL and not in_full:
        _show_titles(found.failures, output)
        return
    for failure in found.failures:
        _show_failure(failure, output)


def _show_code(code: Code, found: Found, output: Output) -> None:
    output.event(
        "code", code=code.name, kind=type(code).__name__.lower(), number=code.number, written=code.written,
        says=code.says, failures=[failure.number for failure in found.failures],
    )  # fmt: skip
    output.line(f"{code.name}  {', '.join(_written(code))}", "bold")
    output.line(f"  {code.says!r}")


def _written(code: Code) -> list[str]:
    if isinstance(code, Krb5) and code.protocol is not None:
        return [*code.written[:-1], f"in the protocol {code.protocol}"]
    return list(code.written)


def _show_kind(kind: Kind, found: Found, output: Output) -> None:
    output.event("class", **asdict(kind), failures=[failure.number for failure in found.failures])
    output.line(f"{kind.name}  of asyncauth", "bold")
    _say("what", kind.means, output)
    if kind.cause:
        _say("why", f"Usually: {kind.cause}.", output)
    _say("first", kind.fix, output)


def _show_titles(failures: tuple[Failure, ...], output: Output) -> None:
    _say("what", "By itself it says little: look for another code or a text beside it. It may be:", output)
    for failure in failures:
        output.line(f"  {failure.number:>3}  {failure.slug:<26}  {failure.title}")
    output.line()


def _show_failure(failure: Failure, output: Output) -> None:
    output.line()
    output.line(f"{failure.number}. {failure.title}", "bold")
    _say("what", failure.happened, output)
    _say("why", f"Usually: {failure.cause}.", output)
    _say("first", failure.fix, output)
    for text in failure.run:
        _say("next", text, output)
    for text in failure.never:
        _say("never", text, output)
    if failure.unproven:
        _say("note", f"not reproduced by a test: {failure.unproven}", output)


def _say(label: str, text: str, output: Output) -> None:
    for number, line in enumerate(
        textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    ):
        output.line(f"  {'' if number else label:<6} {line}")


def _fields(failure: Failure) -> dict[str, Any]:
    codes = [
        {
            "code": code.name,
            "kind": type(code).__name__.lower(),
            "number": code.number,
            "written": code.written,
        }
        for code in failure.codes
    ]
    return {**asdict(failure), "codes": codes, "reproduced": failure.reproduced}


def _unknown(asked: str, output: Output) -> AsyncAuthError:
    close = nearest(asked)
    output.event("unknown", code=asked, nearest=close)
    if _MADE_UP.fullmatch(asked.removeprefix("0x")):
        return AsyncAuthError(
            f"{asked} is a number that the running GSSAPI library has made up for a code beneath it",
            fix="explain the text beside it",
        )
    meant = f"perhaps {', or '.join(close)}; " if close else ""
    return AsyncAuthError(
        f"nothing is known of {asked!r}", fix=f"{meant}asyncauth explain without a code lists what is known"
    )
