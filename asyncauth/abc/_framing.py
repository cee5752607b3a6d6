"""What a framing is: how tokens and protected messages lie in the byte stream.

A framing holds no state and no bytes. It describes two headers, one for the handshake and one for the
messages after it, and writes each side's handshake as a *script*: a generator that yields what should
happen and gets the outcome back. The engine runs the script, so limits, buffering, policy and failure are
the engine's business and the same for every framing.

Most framings put a length before each Wrap token, and that is all there is to their messages. One that does
more, whose messages are answered or say of themselves how they are protected, makes a :class:`Conversation`
for each connection. It gets the security context behind a :class:`Guard`, which opens nothing that is less
protected than was agreed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, runtime_checkable

from .._types import Protection, Role
from ._mechanism import ContextInfo, StepResult, Unwrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Authorize", "Check", "Command", "Conversation", "ConversingFraming", "Frame", "Framing", "Guard", "Header",
    "Inspect", "Peek", "Reading", "Receive", "RecognisableFraming", "Reply", "Script", "Send", "Step", "Unwrap",
    "Use", "Wrap",
]  # fmt: skip


class Frame(NamedTuple):
    """A received frame."""

    kind: int
    """The framing's own type of message; 0 where it knows only one."""
    body: bytes


class Step(NamedTuple):
    """Give the token to the security context; the reply is a :class:`StepResult`.

    If the context refuses, its MechanismError is thrown into the script, which may still send what the
    framing has for that, and must raise it again. So it is with every command that can fail.
    """

    token: bytes | None


class Check(NamedTuple):
    """Compare what the complete context reached with what is required; the reply is the Protection required.

    A ProtectionError or TargetError is thrown into the script if it is too little. No handshake ends without a check.
    """

    protection: Protection | None = None
    """What every message will have, where the framing decides that; None for what the context reached."""
    authzid: str = ""
    """As whom the client wants to act and may, where the framing has a place for that (SASL)."""


class Inspect(NamedTuple):
    """What the complete context has reached; the reply is a :class:`ContextInfo`."""


class Authorize(NamedTuple):
    """Let the server's application decide, where it wants to, whether it will have this client; after the last check,
    and before the last token is sent. Nothing happens on the client's side.

    An AuthorizationError is thrown into the script if not. A script without this is asked at its end, when the client
    can no longer be told.
    """


class Send(NamedTuple):
    """Send a handshake frame."""

    kind: int
    body: bytes


class Receive(NamedTuple):
    """Wait for the peer's next handshake frame; the reply is a :class:`Frame`."""


class Peek(NamedTuple):
    """Wait for so many bytes and leave them where they are; the reply is those bytes. For a few bytes only."""

    size: int


class Use(NamedTuple):
    """From here on frames and messages are those of another framing; its script may be continued with."""

    framing: Framing


class Wrap(NamedTuple):
    """Wrap data with the complete context, for a handshake that goes on under its protection; the reply is the
    token. May throw an IntegrityError."""

    data: bytes
    seal: bool


class Unwrap(NamedTuple):
    """Open a token of the peer's :class:`Wrap`; the reply is :class:`Unwrapped`. May throw an IntegrityError."""

    token: bytes


Command: TypeAlias = Step | Check | Inspect | Authorize | Send | Receive | Peek | Use | Wrap | Unwrap
Reply: TypeAlias = StepResult | Protection | ContextInfo | Frame | bytes | Unwrapped | None
Script: TypeAlias = Generator[Command, Reply, None]
"""A handshake. It returns when this side is done; bytes that follow belong to the messages."""


class Header(Protocol):
    """A fixed-size header that tells how long the body is."""

    @property
    def size(self) -> int:
        """Bytes of the header itself. 0 in a :class:`ConversingFraming`: the body ends where the stream ends."""
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

    @property
    def marks_end(self) -> bool:
        """Whether an empty message says that the data has ended. If not, such a message means nothing, and an end
        is not marked; a :class:`Conversation` has its own way."""
        ...

    def initiate(self) -> Script:
        """The client's side of the handshake."""
        ...

    def accept(self) -> Script:
        """The server's side of the handshake."""
        ...


@runtime_checkable
class RecognisableFraming(Framing, Protocol):
    """A framing that a server can tell by how a client begins."""

    def claims(self, start: bytes, /) -> bool | None:
        """Whether a client that begins with these bytes speaks this framing; None if that takes more of them.

        Once it has said True or False, more bytes change nothing. It says so after a few bytes, and always
        before the client would wait for an answer.
        """
        ...


class Guard(Protocol):
    """The security context as a :class:`Conversation` may use it."""

    @property
    def protection(self) -> Protection:
        """What was agreed for every message."""
        ...

    def protect(self, data: bytes, /) -> bytes:
        """The data as agreed: a sealed or signed Wrap token, or as it is.

        :raises IntegrityError: the context has expired or cannot do it
        """
        ...

    def open(self, body: bytes, protection: Protection, /) -> bytes:
        """The data in the body of a message.

        :param protection: what the message says of itself; NONE means that the body is the data
        :raises IntegrityError: altered, lost or repeated, less protected than agreed, or less than it says
        """
        ...

    def sign(self, data: bytes, /) -> bytes:
        """A detached signature."""
        ...

    def verify(self, data: bytes, signature: bytes, /) -> None:
        """Check a detached signature.

        :raises IntegrityError: as for :meth:`open`
        """
        ...


class Reading(NamedTuple):
    """What a received message gave."""

    data: bytes = b""
    answer: bytes = b""
    """Bytes to send back at once."""
    end: bool = False
    """The peer will send no more data after this."""
    marked: bool = False
    """That this is the end was said under protection."""


class Conversation(Protocol):
    """The messages of one connection, both directions. The engine cuts the frames and keeps the order."""

    @property
    def unanswered(self) -> int:
        """How many messages the peer has yet to answer before closing would be impolite."""
        ...

    def send(self, pieces: Sequence[bytes], /) -> bytes:
        """The bytes to write for some data, cut to ``max_plaintext`` already.

        :raises LocalProtocolError: this side has nothing to say in this framing, or no more; nothing was protected
        """
        ...

    def send_end(self) -> bytes:
        """The bytes that say that no more data will come; none where closing is all there is."""
        ...

    def receive(self, frame: Frame, /) -> Reading:
        """Take a message.

        :raises IntegrityError: what the :class:`Guard` raises
        :raises RemoteProtocolError: no message that may come now
        """
        ...


class ConversingFraming(Framing, Protocol):
    """A framing whose messages are more than a length and a Wrap token."""

    def converse(self, guard: Guard, role: Role, /) -> Conversation:
        """The messages of a connection whose handshake is done, on the side of ``role``."""
        ...
