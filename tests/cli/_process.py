"""The command line as other programs use it: real processes, their pipes and exit codes."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from asyncauth.cli import main

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "asyncauth"]
PATIENCE = 30.0
"""Seconds that any of them may take."""


@dataclass(frozen=True)
class Cli:
    """Runs commands in one environment.

    :param env: all of it
    """

    env: Mapping[str, str]

    def __call__(
        self, *arguments: str | Path, data: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end, with ``data`` on its stdin."""
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=data,
            capture_output=True,
            env={**self.env, **environment},
            cwd=ROOT,
            timeout=PATIENCE,
            check=False,
        )

    def events(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Run a command with --json that succeeds; each line of its stdout."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr.decode()
        return parsed(done.stdout)

    def fails(self, *arguments: str | Path, data: bytes = b"", **environment: str) -> tuple[str, str]:
        """Run a command that fails: the reason and what to do, which are all it says on stderr."""
        done = self(*arguments, data=data, **environment)
        assert done.returncode == 1, (done.stdout, done.stderr)
        reason, fix = done.stderr.decode().splitlines()
        assert reason.startswith("asyncauth: ")
        assert fix.startswith("  ")
        return reason.removeprefix("asyncauth: "), fix.strip()

    def serving(self, *arguments: str | Path) -> Running:
        """``serve --json`` on any port of localhost."""
        return Running(self, "serve", "--json", "--listen", "127.0.0.1:0", *arguments)


class Inside(Cli):
    """The same in this very process, which saves the time to start one; for what reads no stdin."""

    def __call__(
        self, *arguments: str | Path, data: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        assert not data
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, log_kept(), redirect_stdout(out), redirect_stderr(err):
            for name, value in {**self.env, **environment}.items():
                patch.setenv(name, value)
            code = main([str(argument) for argument in arguments])
        return subprocess.CompletedProcess(arguments, code, out.getvalue().encode(), err.getvalue().encode())


@contextmanager
def log_kept() -> Iterator[None]:
    """The command line sets up the library's log; put it back."""
    logger = logging.getLogger("asyncauth")
    handlers, propagate, level = logger.handlers[:], logger.propagate, logger.level
    try:
        yield
    finally:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


class Running:
    """A command that goes on until it is told to stop, as a context manager.

    At the end it gets SIGTERM, must exit with 0, and must have printed JSON objects only.
    """

    def __init__(self, cli: Cli, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(cli.env),
            cwd=ROOT,
        )
        self._lines: list[bytes] = []
        self._errors: list[bytes] = []
        self._readers = [
            threading.Thread(target=_collect, args=(stream, lines))
            for stream, lines in ((self.process.stdout, self._lines), (self.process.stderr, self._errors))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def log(self) -> str:
        """What it has said on stderr."""
        return b"".join(self._errors).decode()

    def event(self, number: int) -> dict[str, Any]:
        """The line of that number, counted from 0, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE
        while len(self._lines) <= number:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"no line {number}; stderr: {self.log}"
            time.sleep(0.005)
        return parsed(self._lines[number])[0]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.event(0)["port"])

    @property
    def place(self) -> str:
        """The same, as TARGET."""
        return f"localhost:{self.port}"

    def stop(self, number: int = signal.SIGTERM) -> list[dict[str, Any]]:
        """End it; everything it has said."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        assert code == 0, self.log
        return parsed(b"".join(self._lines))

    def __enter__(self) -> Self:
        try:
            self.event(0)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process.poll() is None and kind is None:
                self.stop()
        finally:
            self.process.kill()
            self.process.wait()
            for reader in self._readers:
                reader.join()
            for stream in (self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()


def _collect(stream: Any, lines: list[bytes]) -> None:
    lines.extend(iter(stream.readline, b""))


def parsed(output: bytes) -> list[dict[str, Any]]:
    """Each line as the JSON object that it must be."""
    objects = [json.loads(line) for line in output.splitlines()]
    assert all(isinstance(each, dict) and "event" in each for each in objects)
    return objects


def environment(**more: str) -> dict[str, str]:
    """This process's, without anything that leads to another realm, or flushes stdout in the program's place."""
    strange = ("KRB5", "ASYNCAUTH_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    return {**kept, **more}
