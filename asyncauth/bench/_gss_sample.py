"""MIT's gss-client and gss-server, in C, as they are: one connection at a time, one message at a time.

They cannot be told to go on for so many seconds. So a first run of a few shows how long one takes, and the run that
counts has as many as fill the time; the client's start is in it, as is each message's answer, which Nagle's algorithm
holds back: that is how these programs are.
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ._common import HOST, SMALL, SPN, BenchmarkError
from ._pair import Measured

if TYPE_CHECKING:
    from ._measures import Measure
    from ._place import Place

__all__ = ["GssSample"]

_PATIENCE = 15.0
_FIRST = 10
"""Handshakes or messages of the first run."""
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_SERVICE = SPN.replace("/", "@")


class GssSample:
    """The two programs; see :class:`Contestant`."""

    def __init__(self, place: Place) -> None:
        self._environment = {**os.environ, **place.environment}
        self._port = _free_port()
        self._server = subprocess.Popen(  # noqa: S603 - found by name on purpose
            [shutil.which("gss-server") or "gss-server", "-port", str(self._port), _SERVICE],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:  # noqa: ARG002 - one at a time
        """See :class:`Contestant`."""
        option = "-ccount" if measure.name == "handshake" else "-mcount"
        first = self._run(option, _FIRST)[0]
        count = max(_FIRST, int(_FIRST * seconds / first))
        before, own = self._server_cpu(), _children_cpu()
        elapsed, _ = self._run(option, count)
        server, client = self._server_cpu() - before, _children_cpu() - own
        return Measured(count / elapsed * measure.scale, server / count * 1e6 or None, client / count * 1e6)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.kill()
        self._server.wait()

    def _run(self, option: str, count: int) -> tuple[float, str]:
        """Seconds of a run, and what it said. Handshakes are those of the connections, without any message."""
        line = [shutil.which("gss-client") or "gss-client", "-port", str(self._port), "-spnego", "-q"]
        line += [option, str(count), *(("-mcount", "0") if option == "-ccount" else ())]
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - found by name on purpose
            [*line, "localhost", _SERVICE, "x" * SMALL],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        elapsed = time.perf_counter() - start
        if done.returncode:
            said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
            raise BenchmarkError(f"gss-client has ended with {done.returncode}: {said}")
        return elapsed, done.stdout

    def _server_cpu(self) -> float:
        fields = Path(f"/proc/{self._server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _wait(self) -> None:
        """Until it listens; without connecting, which it would take for a client."""
        wanted, deadline = f":{self._port:04X} 00000000:0000 0A", time.monotonic() + _PATIENCE
        while wanted not in Path("/proc/net/tcp").read_text():
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise BenchmarkError("gss-server does not listen")
            time.sleep(0.01)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
