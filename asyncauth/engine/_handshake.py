"""Runs a framing's handshake script until it needs something from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._errors import ProtectionError
from ..abc import Check, Receive, Send, Step

if TYPE_CHECKING:
    from .._errors import MechanismError
    from ..abc import Frame, Reply, Script, StepResult

__all__ = ["Handshake"]


class Handshake:
    """What a script sends and checks is done at once; what it waits for is returned."""

    __slots__ = ("_check", "_script", "_send", "wants")

    def __init__(self, script: Script, send: Callable[[int, bytes], None], check: Callable[[], None]) -> None:
        self._script = script
        self._send = send
        self._check = check
        self.wants: Step | Receive | None = None
        """What the script waits for; None when the handshake is done."""
        self._resume(None)

    def received(self, frame: Frame) -> None:
        self._resume(frame)

    def stepped(self, result: StepResult) -> None:
        self._resume(result)

    def refused(self, error: MechanismError) -> None:
        """Throw a failed step into the script; the script raises it again after its last words."""
        self._resume(None, error)

    def _resume(self, reply: Reply, error: BaseException | None = None) -> None:
        self.wants = None
        while True:
            try:
                command = self._script.throw(error) if error else self._script.send(reply)
            except StopIteration:
                self._forget()
                return
            except BaseException:
                self._forget()
                raise
            reply = error = None
            match command:
                case Send(kind, body):
                    self._send(kind, body)
                case Check():
                    error = self._failed_check()
                case Step() | Receive():
                    self.wants = command
                    return

    def _forget(self) -> None:
        """Let go of the connection, or it and its keys would stay until the next collection of cycles."""
        del self._send, self._check

    def _failed_check(self) -> ProtectionError | None:
        try:
            self._check()
        except ProtectionError as error:
            return error
        return None
