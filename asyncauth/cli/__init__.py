"""The command line, ``asyncauth`` or ``python -m asyncauth``.

Exit codes: 0 done; 1 failed, with the reason in one line on stderr and below it what to do; 2 wrong usage.
Each command is a module with ``run(arguments, output)``, which is imported when it is called for, so that
``asyncauth spn parse`` does not wait for libraries that it does not use.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from ._arguments import parse
from ._exits import exit_code
from ._output import Output, log_to_stderr, open_standard_streams

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    :param argv: the arguments without the program's name; those of this process if None
    :raises SystemExit: after ``--help`` or ``--version``, and with code 2 where the arguments make no command
    """
    open_standard_streams()
    arguments = parse(argv)
    log_to_stderr(arguments.verbose)
    # The one command whose stdout is the service's bytes says what it has to say on stderr.
    output = Output(
        sys.stderr if arguments.command == "connect" else sys.stdout,
        json=arguments.json,
        verbose=arguments.verbose > 0,
    )
    return exit_code(lambda: _run(arguments, output), output)


def _run(arguments: argparse.Namespace, output: Output) -> int:
    command = importlib.import_module(f".{arguments.module}", __package__)
    code: int = command.run(arguments, output)
    return code
