"""The keeper of a realm: a script, run as a child of whoever started the realm.

A realm is processes and a directory, and both must go when their owner goes, however it goes: returned,
raised, killed with SIGKILL. The owner cannot promise that, so a small process of its own does. It is the
parent of every server and helper of the realm, it holds the reservation of the realm's address, and it
watches its owner in two ways:

* the socket to the owner ends when the owner does: this is at once;
* its parent's process id changes: for an owner that has forked children which inherited that socket.

Then it stops its children, removes the directory, and ends; the address is free again only after that.
Should the keeper itself be killed, the kernel kills its children (PR_SET_PDEATHSIG; sound here because the
keeper has one thread, and unsound in the owner, where the signal comes when the *thread* that started the
child ends). Both live in a session of their own, so that Ctrl-C in a terminal reaches the owner only, and
the owner puts things away in order.

Orders come as one JSON object per line, answers go back the same way, with the order's ``number``::

    {"do": "start", "argv": [...], "env": {...}, "log": path, "talk": bool}   -> {"child": n}
    {"do": "poll", "child": n}                     -> {"code": exit code or null}
    {"do": "signal", "child": n, "signal": 19}     -> {}

A child with ``talk`` has the keeper's own stdin and stdout; any other reads a pipe that ends with the keeper.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
LOOK = 0.5
"""Seconds between looks at the parent's process id."""
PATIENCE = 3.0
"""Seconds that children have to end by themselves before they are killed."""


class Keeper:
    """The children of one realm and what the owner may order.

    :param control: the socket to the owner
    :param directory: where the realm lives
    :param ending: what becomes of it: ``remove`` it, ``empty`` it, ``keep`` it
    """

    def __init__(self, control: socket.socket, directory: Path, ending: str) -> None:
        self._control = control
        self._directory = directory
        self._ending = ending
        self._children: list[subprocess.Popen[bytes]] = []
        self._prctl = ctypes.CDLL(None).prctl

    def run(self) -> None:
        """Serve the owner until it is gone, or until SIGTERM; then clear up."""
        try:
            self._serve(os.getppid())
        finally:
            self._end_children()
            end_directory(self._directory, self._ending)

    def _serve(self, owner: int) -> None:
        received = b""
        while os.getppid() == owner:
            if not select.select([self._control], [], [], LOOK)[0]:
                continue
            chunk = self._receive()
            if not chunk:
                return
            *lines, received = (received + chunk).split(b"\n")
            for line in lines:
                order = json.loads(line)
                answer = {"number": order["number"], **self._obey(order)}
                self._control.sendall(json.dumps(answer).encode() + b"\n")

    def _receive(self) -> bytes:
        try:
            return self._control.recv(65_536)
        except ConnectionError:
            return b""

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        try:
            if order["do"] == "start":
                return {"child": self._start(order)}
            child = self._children[order["child"]]
            if order["do"] == "signal":
                child.send_signal(order["signal"])
            return {"code": child.poll()}
        except OSError as error:
            return {"error": str(error)}

    def _start(self, order: dict[str, Any]) -> int:
        talk = order["talk"]
        with Path(order["log"]).open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - the owner's own programs
                order["argv"],
                env=order["env"],
                cwd=self._directory,
                stdin=0 if talk else subprocess.PIPE,
                stdout=1 if talk else log,
                stderr=log,
                preexec_fn=self._die_with_me,  # noqa: PLW1509 - one thread
            )
        self._children.append(child)
        if talk:
            self._give_away()
        return len(self._children) - 1

    def _die_with_me(self) -> None:
        self._prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    @staticmethod
    def _give_away() -> None:
        """Let go of stdin and stdout: each must end when the child that has them does."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def _end_children(self) -> None:
        for child in self._children:
            child.terminate()
            child.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + PATIENCE
        for child in self._children:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def end_directory(directory: Path, ending: str) -> None:
    """Remove what the realm left in its directory, and the directory; what is gone already is no error."""
    if ending == "keep" or not directory.is_dir():
        return
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if ending == "remove":
        directory.rmdir()


def _end(*_: object) -> None:
    sys.exit(0)


def main() -> None:
    """Keep the realm: control socket, directory and ending are on the command line."""
    # Handlers rather than SIG_IGN, which the children would inherit.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, lambda *_: None)
    control = socket.socket(fileno=int(sys.argv[1]))
    Keeper(control, Path(sys.argv[2]), sys.argv[3]).run()


if __name__ == "__main__":
    main()
