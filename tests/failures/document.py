"""Makes ``docs/errors.md`` from the catalogue: ``python -m tests.failures.document``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from asyncauth.failures import FAILURES, KINDS, Code, Errno, Failure, Gss, Kind, Krb5, Sspi, Win32

__all__ = ["PATH", "document"]

PATH = Path(__file__).parents[2] / "docs" / "errors.md"
HEAD = """\
# Errors

What goes wrong with Kerberos, why it usually does, what to run next and what not to do. `asyncauth explain CODE` says
the same offline, of a number in any notation, a symbol, a class of ours or a whole line of a log; `asyncauth explain`
lists all. An error of asyncauth has `code`, `cause` and `fix`; its text is one line: what happened, with the names
concerned, the code, what to do. With `--verbose` the command line adds why and what not to do.

This file is made from `asyncauth.failures` by `python -m tests.failures.document`. *Reproduced* means that a test in
`tests/failures` makes it happen, with a Samba AD domain controller, an MIT KDC or both, and checks the error's class,
code and text. The numbers are checked against MIT's headers and libraries and against Samba's list of Windows' errors.
"""
KINDS_OF_CODES: dict[type[Code], str] = {
    Krb5: "Kerberos", Gss: "GSSAPI", Sspi: "SSPI", Win32: "Windows", Errno: "system",
}  # fmt: skip


def document() -> str:
    """The whole file."""
    sections = [HEAD, _overview(), *map(_section, FAILURES), _classes(), _codes()]
    return "\n".join(sections)


def _overview() -> str:
    rows = [
        f"| {each.number} | [{each.title}](#{_anchor(each)}) | {_names(each)} | {'yes' if each.reproduced else 'no'} |"
        for each in FAILURES
    ]
    return _table(("", "what", "errors", "reproduced"), rows)


def _names(failure: Failure) -> str:
    return ", ".join(f"`{name}`" for name in failure.errors)


def _anchor(failure: Failure) -> str:
    """The heading's anchor, as GitHub makes it."""
    kept = "".join(sign for sign in _heading(failure).lower() if sign.isalnum() or sign in " -")
    return kept.replace(" ", "-")


def _heading(failure: Failure) -> str:
    return f"{failure.number}. {failure.title}"


def _section(failure: Failure) -> str:
    return "\n".join(_lines(failure))


def _lines(failure: Failure) -> Iterator[str]:
    yield f"## {_heading(failure)}\n"
    yield f"`asyncauth explain {failure.slug}`\n"
    yield f"{failure.happened}\n"
    yield f"**Usually:** {failure.cause}.\n"
    yield f"**First:** {failure.fix}.\n"
    yield "**Next:**\n"
    yield from (f"- {_escaped(text)}" for text in failure.run)
    yield "\n**Not:**\n"
    yield from (f"- {_escaped(text)}" for text in failure.never)
    yield ""
    if failure.codes:
        rows = [
            f"| {KINDS_OF_CODES[type(code)]} | `{code.name}` | {_written(code)} |" for code in failure.codes
        ]
        yield _table(("", "code", "numbers"), rows)
    yield f"Raised as {_names(failure)}. {_proof(failure)}\n"


def _proof(failure: Failure) -> str:
    return "Reproduced." if failure.unproven is None else f"Not reproduced: {failure.unproven}."


def _written(code: Code) -> str:
    numbers = [f"`{each}`" for each in code.written]
    if isinstance(code, Krb5) and code.protocol is not None:
        numbers[-1] = f"in the protocol `{code.protocol}`"
    return ", ".join(numbers)


def _classes() -> str:
    return "## asyncauth's own classes\n\n" + _table(
        ("class", "says", "usually", "first", "failures"), [_class(kind) for kind in KINDS]
    )


def _class(kind: Kind) -> str:
    numbers = ", ".join(str(each.number) for each in FAILURES if kind.name in each.errors)
    return f"| `{kind.name}` | {kind.means} | {kind.cause or ''} | {kind.fix} | {numbers} |"


def _codes() -> str:
    codes: list[Code] = [*Krb5, *Gss, *Sspi, *Win32, *Errno]
    rows = [
        f"| `{code.name}` | {_written(code)} | {code.says} |"
        f" {', '.join(str(each.number) for each in FAILURES if code in each.codes)} |"
        for code in codes
    ]
    return "## All codes\n\n" + _table(("code", "numbers", "the system's text", "failures"), rows)


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|", *rows, ""])


def _escaped(text: str) -> str:
    """Text that Markdown takes as it is."""
    return text.replace("<", "\\<").replace("*", "\\*").replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(document())
