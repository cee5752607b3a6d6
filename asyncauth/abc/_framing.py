"""What a framing is: how tokens and protected messages lie in the byte stream.

A framing holds no state and no bytes. It describes two headers, one for the handshake and one for the
messages after it, and writes each side's handshake as a *script*: a generator that yields what should
happen and gets the outcome back. The engine runs the script, so limits, buffering, policy and failure are
the engine's business and the same for every framing.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from ._mechanism import StepResult

__all__ = ["Check", "Command", "Frame", "Framing", "Header", "Receive", "Reply", "Script", "Send", "Step"]


class Frame(NamedTuple):
    """A received handshake frame."""

    kind: int
    """The framing's own type of message; 0 where it knows only one."""
    body: bytes


class Step(NamedTuple):
    """Give the token to the security context; the reply is a :class:`StepResult`.

    If the context refuses, its MechanismError is thrown into the script, which may still send what the
    framing has for that, and must raise it again.
    """

    token: bytes | None


class Check(NamedTuple):
    """Compare what the complete context reached with what is required.

    A ProtectionError is thrown into the script if it is too little; as with Step, it may tell the peer, and
    must raise it again.
    """


class Send(NamedTuple):
    """Send a handshake frame."""

    kind: int
    body: bytes


class Receive(NamedTuple):
    """Wait for the peer's next handshake frame; the reply is a :class:`Frame`."""


Command: TypeAlias = Step | Check | Send | Receive
Reply: TypeAlias = StepResult | Frame | None
Script: TypeAlias = Generator[Command, Reply, None]
"""A handshake. It returns when this side is done; bytes that follow belong to the messages."""


class Header(Protocol):
    """A fixed-size header that tells how long the body is."""

    @property
    def size(self) -> int:
        """Bytes of the header itself."""
        ...

    @property
    def limit(self) -> int:
        """The longest body allowed, in bytes."""
        ...

    def parse(self, header: bytes, /) -> tuple[int, int]:
        """The kind of frame and the length of its body in bytes; the engine compares it with the limit.

        :raises RemoteProtocolError: not such a header
        """
        ...

    def build(self, kind: int, length: int, /) -> bytes:
        """The header for a body of ``length`` bytes."""
        ...


@runtime_checkable
class Framing(Protocol):
    """One wire format. Objects that fit are the whole plug-in system: pass one where a framing is taken."""

    @property
    def name(self) -> str: ...

    @property
    def handshake(self) -> Header: ...

    @property
    def message(self) -> Header:
        """Header of each protected message. Without protection there are no messages, only raw bytes."""
        ...

    @property
    def max_plaintext(self) -> int:
        """Bytes of plaintext in one message at most; longer writes are split."""
        ...

    def initiate(self) -> Script:
        """The client's side of the handshake."""
        ...

    def accept(self) -> Script:
        """The server's side of the handshake."""
        ...
