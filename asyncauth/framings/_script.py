"""The commands that have an answer, with the answer's type, and the exchange that simple framings share."""

from __future__ import annotations

from collections.abc import Callable, Generator

from .._errors import MechanismError, RemoteProtocolError
from .._types import Protection
from ..abc import (
    Authorize,
    Check,
    Command,
    ContextInfo,
    Frame,
    Inspect,
    Peek,
    Receive,
    Reply,
    Script,
    Send,
    Step,
    StepResult,
    Unwrap,
    Unwrapped,
    Wrap,
)

__all__ = [
    "check",
    "check_as_required",
    "check_sealed",
    "exchange",
    "inspect",
    "peek",
    "receive",
    "receive_token",
    "step",
    "unwrap",
    "wrap",
]


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


def peek(size: int) -> Generator[Command, Reply, bytes]:
    """Wait for so many bytes, and leave them."""
    reply = yield Peek(size)
    assert isinstance(reply, bytes)
    return reply


def check(protection: Protection | None = None) -> Generator[Command, Reply, Protection]:
    """Compare what was reached with what is required; what is required is returned."""
    reply = yield Check(protection)
    assert isinstance(reply, Protection)
    return reply


def inspect() -> Generator[Command, Reply, ContextInfo]:
    """What the complete context has reached."""
    reply = yield Inspect()
    assert isinstance(reply, ContextInfo)
    return reply


def wrap(data: bytes, *, seal: bool) -> Generator[Command, Reply, bytes]:
    """Protect a part of the handshake."""
    reply = yield Wrap(data, seal)
    assert isinstance(reply, bytes)
    return reply


def unwrap(token: bytes) -> Generator[Command, Reply, Unwrapped]:
    """Open what the peer has protected."""
    reply = yield Unwrap(token)
    assert isinstance(reply, Unwrapped)
    return reply


def check_context() -> Script:
    """For messages that are protected as the context can."""
    yield Check()


def check_as_required() -> Script:
    """For messages that say of themselves how they are protected: what is required is what each will have."""
    required = yield from check()
    yield Check(required)


def check_sealed() -> Script:
    """For messages that cannot be but sealed."""
    yield Check(Protection.SEAL)


def exchange(token: bytes | None, kind: int = 0, checking: Callable[[], Script] = check_context) -> Script:
    """Tokens to and fro until the context is complete.

    A token of no bytes is not sent, and there is no word for failure: the side that fails sends the mechanism's
    error token, if it has one, and closes.

    :param token: the client's first; None on the client's side
    :param kind: the frames' kind, in both directions
    :param checking: the check when the context is complete
    """
    while True:
        try:
            result = yield from step(token)
        except MechanismError as error:
            if error.token:
                yield Send(kind, error.token)
            raise
        if result.complete:
            yield from checking()
            yield Authorize()
        if result.token:
            yield Send(kind, result.token)
        if result.complete:
            return
        token = yield from receive_token(kind)


def receive_token(kind: int) -> Generator[Command, Reply, bytes]:
    """Wait for a frame that carries a token."""
    frame = yield from receive()
    if frame.kind != kind:
        raise RemoteProtocolError(f"the peer sent a frame of kind 0x{frame.kind:02x} in place of a token")
    return frame.body
