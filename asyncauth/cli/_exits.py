"""From what a command returns or raises to the exit code, and the failure's words on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from .._errors import AsyncAuthError
from ._options import UsageError
from ._output import Output

__all__ = ["exit_code"]

FAILED, WRONG_USAGE = 1, 2


def exit_code(work: Callable[[], int], output: Output) -> int:
    """Do the work; 1 after saying why it failed, 2 after saying what was wrong with the arguments."""
    try:
        code = _told(work, output)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return FAILED
    return code


def _told(work: Callable[[], int], output: Output) -> int:
    try:
        return work()
    except UsageError as error:
        output.complain(str(error), fix=None)
        return WRONG_USAGE
    except BrokenPipeError:
        raise
    except AsyncAuthError as error:
        output.failed(error)
    except OSError as error:
        output.failed(AsyncAuthError(_os_text(error)))
    except KeyboardInterrupt:
        output.failed(AsyncAuthError("interrupted"))
    return FAILED


def _os_text(error: OSError) -> str:
    text = error.strerror or str(error)
    return f"{error.filename}: {text}" if error.filename is not None else text


def _forget_stdout() -> None:
    """Whoever read our output has gone; what is still in the buffer must not fail a second time at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
