"""What the commands print: lines for people, or one JSON object per line for programs.

A command says each thing once, with its text and its fields; :class:`Output` prints the one or the other. Everything
is flushed at once, because whoever reads through a pipe is waiting for it. Names come from the network and from
directories that others write to, so for people whatever is not printable is escaped: no entry of a directory moves
the cursor of an administrator's terminal. Colour and the moving sign of progress need the package rich and a
terminal; without them it is the same text.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from .._errors import AsyncAuthError
from ..failures import failure_with

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "Progress", "log_to_stderr", "open_standard_streams", "printable", "reason_of"]

Progress = Callable[[str], None]

_OPTIONS = {
    "allow_unmarked_end": "--allow-unmarked-end",
    "handshake_timeout": "--timeout",
    "host=": "--dc",
    "kind='ad'": "--kind ad",
    "nameserver=": "--nameserver",
    "service_class=": "--service-class",
    "timeout=": "--timeout",
}
_PARAMETER = re.compile("|".join(map(re.escape, _OPTIONS)))

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class Output:
    """Where one command's results go.

    :param stream: for events and lines; failures go to stderr in any case
    :param json: one JSON object per line, and nothing else
    :param verbose: say of a failure too why it usually happens and what not to do
    """

    def __init__(self, stream: TextIO, *, json: bool, verbose: bool = False) -> None:
        self.json = json
        self._verbose = verbose
        self._stream = stream
        self._console = None if json else _console(stream)

    def event(self, event: str, text: str = "", /, **fields: object) -> None:
        """Something that happened.

        :param event: its name, the field ``event`` of the JSON object
        :param text: what people get; nothing, if empty
        """
        if self.json:
            self._write(json.dumps({"event": event, **fields}, default=str))
        elif text:
            self.line(text)

    def line(self, text: str = "", style: str = "") -> None:
        """One line for people.

        :param style: rich's name for a colour or weight, for where there are such
        """
        if self.json:
            return
        if self._console is None:
            self._write(printable(text))
        else:
            self._console.print(printable(text), style=style or None, markup=False, soft_wrap=True)

    def rows(self, rows: Mapping[str, object], indent: str = "  ") -> None:
        """Names and values for people, one below the other; a sequence takes a line for each of its values."""
        width = max((len(name) for name in rows), default=0)
        for name, value in rows.items():
            for number, each in enumerate(_lines(value)):
                self.line(f"{indent}{'' if number else name:<{width}}  {each}")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """While something takes its time: call what you get with a short line before each step."""
        if self.json:
            yield lambda _: None
        elif self._console is None:
            yield lambda text: self.line(f"  {text} ...")
        else:
            with self._console.status("") as status:
                yield lambda text: status.update(printable(text))

    def failed(self, error: AsyncAuthError) -> None:
        """The end of a command that failed: a JSON event too, for whoever waits for one."""
        reason, fix = reason_of(error), _in_options(error.fix)
        if self.json:
            fields = {"error": type(error).__name__, "code": error.code, "cause": error.cause}
            self.event("failed", reason=reason, fix=fix, **fields)
        self.complain(reason, fix, _more_about(error) if self._verbose else ())

    def complain(self, reason: str, fix: str | None, more: Sequence[str] = ()) -> None:
        """The reason in one line on stderr, and below it what to do, and what more there is to say."""
        below = [fix, *more] if fix else more
        lines = [f"asyncauth: {printable(reason)}", *(f"  {printable(line)}" for line in below)]
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()

    def _write(self, line: str) -> None:
        # In one piece: several processes may write to one stream.
        self._stream.write(line + "\n")
        self._stream.flush()


def reason_of(error: AsyncAuthError) -> str:
    """What happened, with the code to search for, without what to do."""
    return f"{error.message} [{error.code}]" if error.code else error.message


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would not show but obey."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def log_to_stderr(verbose: int) -> None:
    """Let the library's warnings out, and with ``verbose`` what it says besides."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(verbose > 0))
    logger = logging.getLogger("asyncauth")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(_LEVELS[min(verbose, len(_LEVELS) - 1)])


def open_standard_streams() -> None:
    """Put /dev/null in the place of whichever of stdin, stdout, stderr was closed when this process began.

    Otherwise the next file or socket opened would get its number and be taken for it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


class _Formatter(logging.Formatter):
    def __init__(self, timed: bool) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s: %(message)s" if timed else "asyncauth: %(message)s"
        )

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record)) if record.exc_info is None else super().format(record)


def _more_about(error: AsyncAuthError) -> list[str]:
    """Why it usually happens, and what not to do."""
    known = failure_with(error.cause)
    why = [f"usually: {error.cause}"] if error.cause else []
    return [*why, *(known.never if known else ())]


def _in_options(fix: str | None) -> str | None:
    """What to do, with the names that parameters of the library have here."""
    return fix and _PARAMETER.sub(lambda found: _OPTIONS[found[0]], fix)


def _lines(value: object) -> Sequence[object]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value or ["-"]
    return ["-" if value is None else value]


def _console(stream: TextIO) -> Console | None:
    if not stream.isatty():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=stream, highlight=False)
