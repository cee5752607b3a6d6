"""Messages of framings that do more than put a length before each Wrap token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._errors import IntegrityError, TruncatedStream
from .._types import Protection, Role
from ._events import NEED_DATA, DataReceived, EndOfData
from ._messages import Messages, not_sealed

if TYPE_CHECKING:
    from ..abc import Conversation, Frame, Framing, SecurityContext
    from ._buffer import ReceiveBuffer
    from ._events import Event

__all__ = ["messages_of"]


def messages_of(
    context: SecurityContext,
    framing: Framing,
    protection: Protection,
    allow_unmarked_end: bool,
    role: Role,
    answer: Callable[[bytes], None],
) -> Messages:
    """What follows the handshake in this framing.

    :param answer: takes bytes for the peer
    """
    if (converse := getattr(framing, "converse", None)) is None:
        return Messages(context, framing, protection, allow_unmarked_end)
    conversation = converse(Guarded(context, protection), role)
    return ConversationMessages(context, framing, protection, allow_unmarked_end, conversation, answer)


class Guarded:
    """The :class:`~asyncauth.abc.Guard`: a security context that opens nothing less than was agreed."""

    __slots__ = ("_context", "protection")

    def __init__(self, context: SecurityContext, protection: Protection) -> None:
        self._context = context
        self.protection = protection

    def protect(self, data: bytes, /) -> bytes:
        if self.protection is Protection.NONE:
            return data
        return self._context.wrap(data, self.protection is Protection.SEAL)

    def open(self, body: bytes, protection: Protection, /) -> bytes:
        if protection is Protection.NONE:
            if self.protection is not Protection.NONE:
                raise IntegrityError(
                    f"the peer sent a message without protection, and {self.protection.name} is required",
                    fix="let the peer wrap its messages, or lower the requirement here by name",
                )
            return body
        data, sealed = self._context.unwrap(body)
        if not sealed and Protection.SEAL in (self.protection, protection):
            raise not_sealed()
        return data

    def sign(self, data: bytes, /) -> bytes:
        return self._context.sign(data)

    def verify(self, data: bytes, signature: bytes, /) -> None:
        self._context.verify(data, signature)


class ConversationMessages(Messages):
    """An open connection whose messages are a framing's :class:`~asyncauth.abc.Conversation`."""

    __slots__ = ("_answer", "_conversation")
    together = 1

    def __init__(
        self,
        context: SecurityContext,
        framing: Framing,
        protection: Protection,
        allow_unmarked_end: bool,
        conversation: Conversation,
        answer: Callable[[bytes], None],
    ) -> None:
        super().__init__(context, framing, protection, allow_unmarked_end)
        self._conversation = conversation
        self._answer = answer

    @property
    def unanswered(self) -> int:
        return self._conversation.unanswered

    def protect(self, data: bytes | memoryview) -> Sequence[bytes]:
        size = self._framing.max_plaintext
        pieces = [bytes(data[start : start + size]) for start in range(0, len(data), size)]
        return (self._conversation.send(pieces),)

    def protect_end(self) -> bytes:
        self.end_sent = True
        return self._conversation.send_end()

    def open_whole(self, data: bytes) -> bytes | None:  # noqa: ARG002 - a conversation takes messages one by one
        return None

    def next_event(self, received: ReceiveBuffer, eof: bool) -> Event:
        if self._end is not None:
            return self._at_end(received)
        while frame := self._next_frame(received, eof):
            reading = self._conversation.receive(frame)
            if reading.answer and not (self.end_sent or self.silent):
                self._answer(reading.answer)
            if reading.end:
                self._end = self._said_end(reading.marked)
            if reading.data:
                return DataReceived(reading.data)
            if self._end is not None:
                return self._end
        return self._unmarked_end(received) if eof else NEED_DATA

    def _next_frame(self, received: ReceiveBuffer, eof: bool) -> Frame | None:
        header = self._framing.message
        if header.size:
            return received.take_frame(header, header.limit)
        return received.take_rest(header.limit, eof)

    def _said_end(self, marked: bool) -> EndOfData:
        if not (marked or self._allow_unmarked_end):
            raise TruncatedStream(
                "the peer said that this was the end of its data, but not under protection",
                fix="treat what was received as incomplete; where the peer cannot do better, as MIT's"
                " gss-client, set allow_unmarked_end",
            )
        return EndOfData(marked)

    def _unmarked_end(self, received: ReceiveBuffer) -> EndOfData:
        if self.unanswered:
            raise TruncatedStream(
                f"the peer closed the connection with {self.unanswered} of our messages unanswered",
                fix="take these messages for lost; look into the other end's log",
            )
        return super()._unmarked_end(received)
