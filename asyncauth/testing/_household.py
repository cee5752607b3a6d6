"""The owner's side of the keeper: start it, have it start the realm's processes, let it clear up.

The protocol and the reasons are in ``_keeper.py``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ._errors import RealmError
from ._keeper import end_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._loopback import Reservation

__all__ = ["Child", "Household", "clean_environment", "find_program"]

CLEARING = 15.0
"""Seconds the keeper may take to end the children and remove the directory."""
SWEEPING = 2.0
"""Seconds we try to remove it ourselves if the keeper was killed."""


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without anything that could lead a child to another realm."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KRB5", "ASYNCAUTH_"))}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


def find_program(name: str) -> str | None:
    """The path of a system program; administrators' directories are searched too, None if there is none."""
    for folder in (*os.get_exec_path(), "/usr/local/sbin", "/usr/sbin", "/sbin"):
        path = Path(folder) / name
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


class Household:
    """The processes of one realm, under a keeper that outlives us for as long as it takes to clear up.

    :param directory: where the realm lives; it exists
    :param ending: what becomes of the directory: ``remove``, ``empty`` or ``keep``
    :param reservation: the realm's address; the keeper holds it from here on
    """

    def __init__(self, directory: Path, ending: str, reservation: Reservation) -> None:
        self.directory = directory
        self._ending = ending
        self._owner = os.getpid()
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._orders, self._replies = self._control.makefile("w"), self._control.makefile("r")
        self._number = 0
        with theirs:
            self._keeper = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-ISE", str(Path(__file__).with_name("_keeper.py")),
                 str(theirs.fileno()), str(directory), ending],
                pass_fds=(theirs.fileno(), reservation.guard.fileno()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=clean_environment(),
                start_new_session=True,
            )  # fmt: skip

    def start(self, argv: Sequence[str], *, env: Mapping[str, str], log: Path, talk: bool = False) -> Child:
        """Start a process of the realm.

        :param log: file that takes what it prints
        :param talk: it gets our side of :meth:`ask` for stdin and stdout; once only
        :raises RealmError: it cannot be run
        """
        reply = self._order(do="start", argv=list(argv), env=dict(env), log=str(log), talk=talk)
        return Child(self, int(reply["child"]), argv[0], log)

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any] | None:
        """One line of JSON to the talking child and its answer; None if the child has ended."""
        asked, answered = self._keeper.stdin, self._keeper.stdout
        return self._exchange(asked, answered, question)

    def _order(self, **order: Any) -> dict[str, Any]:
        reply = self._exchange(self._orders, self._replies, order) or {"error": "the keeper is gone"}
        if "error" in reply:
            raise RealmError(
                f"the realm's processes cannot be managed: {reply['error']}", fix="start a new realm"
            )
        return reply

    def _exchange(
        self, there: IO[str] | None, back: IO[str] | None, question: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Ask and get the answer with the question's number: one left over from an interrupt is passed by."""
        if there is None or back is None:
            return None
        with self._lock:
            self._number += 1
            try:
                there.write(json.dumps({**question, "number": self._number}) + "\n")
                there.flush()
                while line := back.readline():
                    answer: dict[str, Any] = json.loads(line)
                    if answer.pop("number") == self._number:
                        return answer
            except (OSError, ValueError):
                pass
        return None

    def close(self) -> None:
        """End everything and wait until it is gone; calling twice is harmless.

        In a forked child of the owner it does nothing: the realm is its parent's.

        :raises RealmError: something would not end, or is left in the directory
        """
        if os.getpid() != self._owner:
            return
        self._hang_up()
        try:
            self._keeper.wait(CLEARING)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        self._sweep()

    def _hang_up(self) -> None:
        """End the conversations: for the keeper the sign to clear up, even if forked children listen in."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        for end in (self._keeper.stdin, self._keeper.stdout, self._orders, self._replies):
            with suppress(OSError):  # the other side went first
                if end is not None:
                    end.close()
        self._control.close()

    def _sweep(self) -> None:
        """Remove the directory if the keeper could not: it was killed, and its children are just dying."""
        deadline = time.monotonic() + SWEEPING
        while True:
            try:
                return end_directory(self.directory, self._ending)
            except OSError as error:
                if time.monotonic() > deadline:
                    raise RealmError(
                        f"the realm's directory {self.directory} cannot be removed: {error.strerror}",
                        fix="remove it by hand",
                    ) from error
            time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Child:
    """A process of the realm."""

    household: Household
    number: int
    name: str
    log: Path

    def code(self) -> int | None:
        """The exit code, or None while it runs."""
        code: int | None = self._send(do="poll")["code"]
        return code

    def ended(self) -> str | None:
        """How it has ended, with the end of its log; None while it runs."""
        code = self.code()
        return (
            None if code is None else f"{self.name} ended with code {code}; its log ends: {self.last_lines()}"
        )

    def pause(self) -> None:
        """Stop it where it stands (SIGSTOP)."""
        self._send(do="signal", signal=signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self._send(do="signal", signal=signal.SIGCONT)

    def last_lines(self, count: int = 5) -> str:
        """The end of its log in one line, for an error message."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return " | ".join([line.strip() for line in lines if line.strip()][-count:]) or "(nothing)"

    def _send(self, **order: Any) -> dict[str, Any]:
        return self.household._order(child=self.number, **order)  # noqa: SLF001 - one file, one design
