"""``asyncauth serve --workers N``: several processes on one port.

One interpreter seals with one core; the kernel spreads connections over all sockets that listen on a port with
SO_REUSEPORT. The supervisor listens nowhere and loads nothing, so that forking it is sound. It starts one worker and
waits until that listens: what hinders one, a missing key or a port that is taken, hinders all, and is said once.
Then the others; then it says ``listening``. A worker that ends unasked is started anew.

Each worker has a socket to the supervisor. It says "ready" there and is told to go on, so that nothing comes before
``listening``; and it ends when the other side does, so that no worker outlives its supervisor, however that ended.
Results go to the stdout they share, each line in one piece.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from typing import NoReturn

import anyio

from .._errors import ConnectError
from . import _loop
from ._dump import DumpFile, new_file, shared_dump
from ._exits import exit_code
from ._options import Endpoint, UsageError
from ._output import Output
from ._server import Server, announce

__all__ = ["run"]

_log = logging.getLogger("asyncauth.cli")

_READY, _GO = b"ready", b"go"
_PAUSE = 1.0
"""Seconds before a worker is started in place of one that has ended."""
_PATIENCE = 5.0
"""Seconds that workers have to end by themselves before they are killed."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Supervise until SIGINT or SIGTERM; 0 then, 1 if no worker could be started."""
    if not hasattr(os, "fork") or not hasattr(socket, "SO_REUSEPORT"):
        raise UsageError("--workers needs fork and SO_REUSEPORT, which this system has not")
    supervisor = _Supervisor(arguments, output)
    with _loop.sigterm_interrupts():
        try:
            return supervisor.supervise()
        except KeyboardInterrupt:
            output.line("stopped")
            return 0
        finally:
            supervisor.end_all()


class _Supervisor:
    def __init__(self, arguments: argparse.Namespace, output: Output) -> None:
        self._arguments = arguments
        self._output = output
        self._workers: dict[int, socket.socket] = {}
        self._reservation = _reserve(arguments)
        self._dump = new_file(arguments, "server")
        self._forked = 0

    def supervise(self) -> int:
        """1 if a worker cannot be started; otherwise it does not return."""
        for _ in range(self._arguments.workers):
            if self._start() is None:
                return 1
        place: Endpoint = self._arguments.listen
        announce(self._output, self._arguments, place)
        for worker in self._workers.values():
            _go_on(worker)
        while True:
            self._replace(*os.wait())

    def _replace(self, pid: int, status: int) -> None:
        self._workers.pop(pid).close()
        _log.warning("worker %d ended with %d, another is started", pid, os.waitstatus_to_exitcode(status))
        time.sleep(_PAUSE)
        if (worker := self._start()) is not None:
            _go_on(worker)

    def _start(self) -> socket.socket | None:
        """Fork a worker and wait until it listens; None if it ends before."""
        ours, theirs = socket.socketpair()
        self._forked += 1
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._become_worker(theirs)
        theirs.close()
        self._workers[pid] = ours
        return ours if ours.recv(len(_READY)) == _READY else None

    def _become_worker(self, supervisor: socket.socket) -> NoReturn:
        code = 1
        try:
            for sibling in self._workers.values():
                sibling.close()
            code = exit_code(partial(self._work, supervisor), self._output)
        except BaseException:  # noqa: BLE001 - this process ends here, whatever it is
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _work(self, supervisor: socket.socket) -> int:
        with shared_dump(self._dump, self._arguments, self._forked) as dump:
            return _work(self._arguments, self._output, supervisor, dump)

    def end_all(self) -> None:
        """Hang up, which ends them; SIGKILL for whoever takes too long."""
        for worker in self._workers.values():
            worker.close()
        deadline = time.monotonic() + _PATIENCE
        with suppress(ChildProcessError):  # the last one is gone
            while True:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                self._workers.pop(pid, None)
                if pid == 0:
                    time.sleep(0.01)
                if time.monotonic() > deadline:
                    self._kill_all()

    def _kill_all(self) -> None:
        for pid in self._workers:
            os.kill(pid, signal.SIGKILL)


def _go_on(worker: socket.socket) -> None:
    with suppress(OSError):  # it has just ended; os.wait will say so
        worker.send(_GO)


def _work(
    arguments: argparse.Namespace, output: Output, supervisor: socket.socket, dump: DumpFile | None
) -> int:
    def started(_: Endpoint) -> None:
        supervisor.send(_READY)
        supervisor.recv(len(_GO))  # nothing else is under way here yet, so this may wait

    server = Server(arguments, output, reuse_port=True, started=started)

    async def until_left_alone() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_wait_for_end, supervisor, group.cancel_scope)
            await server.serve(dump)

    with suppress(KeyboardInterrupt):
        _loop.run(until_left_alone)
    return 0


async def _wait_for_end(supervisor: socket.socket, scope: anyio.CancelScope) -> None:
    """Nothing ever comes from the supervisor but its end."""
    await anyio.wait_readable(supervisor)
    scope.cancel()


def _reserve(arguments: argparse.Namespace) -> socket.socket | None:
    """Find a port for all of them where any will do, and hold it; bound without listening, it gets no connections."""
    place: Endpoint = arguments.listen
    if place.port:
        return None
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            place.host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        held = socket.socket(family, kind)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(address)
    except OSError as error:
        raise ConnectError(
            f"cannot listen on {place}: {error.strerror}", fix="give another address"
        ) from error
    arguments.listen = Endpoint(place.host, held.getsockname()[1])
    return held
