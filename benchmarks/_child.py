"""The two processes of a layer, from the side of the one who starts and asks them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from ._common import MESSAGE, BenchmarkError
from ._layers import Layer

__all__ = ["Measured", "Pair"]

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 5.0
"""Seconds that a server has to see off its last clients, and a process to end."""


class Measured(NamedTuple):
    """One measurement of one layer."""

    value: float
    """Handshakes, or megabytes (10^6 bytes) of plaintext, per second."""
    server_cpu: float
    """Microseconds of the server process, user and system, per handshake or per message."""
    client_cpu: float


class Pair:
    """A layer's server and client, idle until one of the measurements is called; a context manager.

    :param cache: the client's credential cache, with its type
    :param keytab: the server's keys
    :raises BenchmarkError: one of them does not start
    """

    def __init__(self, layer: Layer, cache: str, keytab: Path) -> None:
        self._layer = layer
        self._server = _Child("_server", str(layer), str(keytab))
        self._client: _Child | None = None
        try:
            port = self._server.hear()["port"]
            self._client = _Child("_client", str(layer), str(port), cache)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def handshake(self, seconds: float, connections: int) -> Measured:
        """Connect, authenticate, close, on so many connections at a time."""
        done, server_cpu = self._measure("handshake", seconds, connections)
        count = done["count"]
        return Measured(count / done["seconds"], server_cpu / count * 1e6, done["cpu"] / count * 1e6)

    def throughput(self, seconds: float) -> Measured:
        """One connection, messages one after another."""
        done, server_cpu = self._measure("throughput", seconds, 1)
        messages = done["count"] / len(MESSAGE)
        return Measured(
            done["count"] / done["seconds"] / 1e6, server_cpu / messages * 1e6, done["cpu"] / messages * 1e6
        )

    def close(self) -> None:
        """End both processes."""
        for child in (self._client, self._server):
            if child is not None:
                child.close()

    def _measure(self, measure: str, seconds: float, connections: int) -> tuple[dict[str, float], float]:
        assert self._client is not None
        before = self._server.ask()
        done = self._client.ask(measure=measure, seconds=seconds, connections=connections)
        made = int(done["count"]) if measure == "handshake" else 1
        after = self._settled(before["handshakes"] + made)
        if not done["count"]:
            raise BenchmarkError(f"{self._layer}: nothing was done in {seconds:g} s")
        return done, after["cpu"] - before["cpu"]

    def _settled(self, handshakes: int) -> dict[str, Any]:
        """The server's answer once it has seen as many handshakes as the client."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = self._server.ask()
            if answer["failures"]:
                raise BenchmarkError(f"{self._layer}: {answer['failures'][0]}")
            if answer["handshakes"] == handshakes:
                return answer
            if time.monotonic() > deadline:
                raise BenchmarkError(
                    f"{self._layer}: the client made {handshakes} handshakes, the server {answer['handshakes']}"
                )
            time.sleep(0.01)


class _Child:
    """A process that answers lines with lines. It ends when its stdin does, so also if we are killed."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._name = f"the {module.strip('_')} of {arguments[0]}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", *arguments],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us
        )

    def ask(self, **question: object) -> dict[str, Any]:
        """Say a line and hear one."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
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
            raise BenchmarkError(f"{self._name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """Let it end, or make it."""
        try:
            with suppress(BrokenPipeError):
                self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
