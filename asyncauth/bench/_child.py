"""A process that answers lines with lines, from the side of the one who started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ._common import BenchmarkError

__all__ = ["Child", "python"]

_PATIENCE = 5.0
"""Seconds that a process has to end."""


class Child:
    """It ends when its stdin does, so also if we are killed.

    :param name: how to call it in an error
    :param environment: variables beside our own
    :param settings: its first line
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], settings: str
    ) -> None:
        self._name = name
        self._process = subprocess.Popen(  # noqa: S603 - programs of ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C is for us
        )
        self.say(settings)

    def say(self, line: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def order(self, **question: object) -> None:
        """Send it an order."""
        self.say(json.dumps(question))

    def ask(self, **question: object) -> dict[str, Any]:
        """Send it a question and hear the answer."""
        self.order(**question)
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next line that it says.

        :raises BenchmarkError: it says that something went wrong; or it has ended, and why, it has said on stderr
        """
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise BenchmarkError(f"{self._name} has ended; what it said is above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchmarkError(f"{self._name}: {answer['error']}", fix=answer.get("fix"))
        return answer

    def close(self) -> None:
        """Let it end, or make it."""
        try:
            with suppress(BrokenPipeError):
                self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def python(module: str) -> list[str]:
    """The command that runs a module of this package."""
    return [sys.executable, "-m", f"{__package__}.{module}"]
