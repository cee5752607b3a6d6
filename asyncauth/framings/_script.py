"""The two commands that have an answer, with the answer's type."""

from __future__ import annotations

from collections.abc import Generator

from ..abc import Command, Frame, Receive, Reply, Step, StepResult

__all__ = ["receive", "step"]


def step(token: bytes | None) -> Generator[Command, Reply, StepResult]:
    """Let the security context take a token."""
    reply = yield Step(token)
    assert isinstance(reply, StepResult)
    return reply


def receive() -> Generator[Command, Reply, Frame]:
    """Wait for the peer's next frame."""
    reply = yield Receive()
    assert isinstance(reply, Frame)
    return reply
