"""One authenticated connection, without any I/O.

The driver feeds what it read and writes what it is given; everything that two drivers would have to decide
alike is decided here. The contract is four calls::

    receive_data(bytes) / receive_eof()     what the peer sent
    next_event()                            what happened; decrypts one message per call, or a few small ones that
                                            came together, so that a reader who does not ask makes nothing pile up
                                            but unread bytes
    send_data(plaintext) / send_eof()       what the application says
    data_to_send()                          what to write; also after an error, for the peer's sake

and, while the handshake runs, ``step_done`` for what the engine does not do by itself: a step of the security context
that may wait for a KDC, so that the driver chooses where it runs; and whether a client may come in can be for the
application to say, which may take as long.

Failure is sticky: the first error is kept and raised again by every later call. Sending can fail by itself, when a
message was sealed and then not sent: the peer must refuse the gap, but what it has said is still good.

The end of data is protected like data: an empty message says "this was the end", where the framing knows that the
peer means the same by it. A byte stream that merely ends could have been cut by anybody, so that is an error unless
the caller allowed it, or the connection has no protection at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .._errors import AsyncAuthError, LocalProtocolError
from .._types import Limits, Policy, Role
from ._buffer import ReceiveBuffer
from ._conversation import messages_of
from ._events import Established
from ._handshake import Handshake
from ._memory import keep_free_memory

if TYPE_CHECKING:
    from .._spn import ServicePrincipalName
    from .._types import ConnectionInfo
    from ..abc import Framing, SecurityContext
    from ._events import DecisionRequired, Event, StepRequired
    from ._messages import Messages

__all__ = ["Connection"]


class Connection:
    """See the head of this file.

    :param role: which side we are
    :param context: a fresh security context for that role
    :param framing: the wire format
    :param policy: what must be reached before application data passes
    :param limits: what the peer may cost before that
    :param target: client: the SPN that ``context`` asks for
    :param allow_unmarked_end: accept an end of stream that the peer did not authenticate
    """

    __slots__ = (
        "__weakref__",
        "_allow_unmarked_end",
        "_context",
        "_eof",
        "_failure",
        "_framing",
        "_handshake",
        "_messages",
        "_out",
        "_received",
        "_role",
        "_sending_failure",
        "_target",
        "info",
    )

    def __init__(
        self,
        role: Role,
        context: SecurityContext,
        framing: Framing,
        *,
        policy: Policy | None = None,
        limits: Limits | None = None,
        target: ServicePrincipalName | None = None,
        allow_unmarked_end: bool = False,
    ) -> None:
        keep_free_memory()
        self._role = role
        self._target = target
        self._context = context
        self._allow_unmarked_end = allow_unmarked_end
        self._received = ReceiveBuffer()
        self._eof = False
        self._out: list[bytes] = []
        self._failure: AsyncAuthError | None = None
        self._sending_failure: AsyncAuthError | None = None
        self._messages: Messages | None = None
        self.info: ConnectionInfo | None = None
        """What was reached; None until the handshake is done."""
        self._framing = framing
        self._handshake: Handshake | None = Handshake(
            role, context, framing, policy or Policy(), limits or Limits(), target, self._out
        )
        """None once it is done; a connection may live long after that."""

    # --- inbound -------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes that the peer sent. Raises nothing; what they mean comes from :meth:`next_event`."""
        if self._failure is None:
            self._received.feed(data)

    def receive_message(self, data: bytes) -> bytes | None:
        """:meth:`receive_data` and :meth:`next_event` in one, with the latter's errors, for a piece that is one whole
        small message. Its plaintext; if that is empty, ask on. None for any other piece, and nothing has happened.
        """
        messages = self._messages
        if messages is None or self._failure is not None or self._eof or self._received.inside_frame:
            return None
        try:
            return messages.open_whole(data)
        except AsyncAuthError as error:
            self.fail(error)
            raise

    def receive_eof(self) -> None:
        """The byte stream from the peer has ended."""
        self._eof = True

    def next_event(self) -> Event:
        """What happened next.

        :raises RemoteProtocolError: the peer broke the framing, ended too early, or announced too much
        :raises AuthenticationError: the handshake failed
        :raises IntegrityError: a message could not be opened, or was less protected than agreed
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        try:
            if self._messages is not None:
                return self._messages.next_event(self._received, self._eof)
            handshake = self._handshake or _too_late()
            event = handshake.next_event(self._received, self._eof)
            if isinstance(event, Established):
                self._open(event.info, handshake.framing)
            return event
        except AsyncAuthError as error:
            self.fail(error)
            raise

    def bind(self, channel: bytes | None = None, address: str | None = None) -> None:
        """Say what lies below, before the first event.

        :param channel: the name of a secure channel, as the application data of channel bindings (RFC 5929)
        :param address: where the peer is, for :class:`ConnectionInfo`
        """
        (self._handshake or _too_late()).bind(channel, address)

    def step_done(self, step: StepRequired | DecisionRequired) -> None:
        """Apply a step that has run, or a decision. Raises nothing; one that failed comes from :meth:`next_event`."""
        if self._failure is not None:
            return
        handshake = self._handshake or _too_late()
        if not handshake.waits_for(step):
            raise LocalProtocolError("this is not the step that the connection waits for, or it was not run")
        try:
            handshake.step_done(step)
        except AsyncAuthError as error:
            self.fail(error)

    # --- outbound ------------------------------------------------------------------------------------------

    def send_data(self, data: bytes | bytearray | memoryview) -> None:
        """Protect plaintext and queue it; longer data is split into messages of the framing's size.

        :raises LocalProtocolError: the handshake is not done, the end was already sent, or the framing has no
            such message; nothing has happened
        :raises IntegrityError: the context cannot protect it, for instance because it has expired
        """
        messages = self._messages
        if messages is None or messages.end_sent or self._failure or self._sending_failure:
            messages = self._sending_messages()
        try:
            self._out.extend(messages.protect(data if type(data) is bytes else memoryview(data).cast("B")))
        except LocalProtocolError:
            raise
        except AsyncAuthError as error:
            self.fail(error)
            raise

    def send_eof(self) -> None:
        """Say, under protection, that no more data will come. A second call does nothing."""
        if self.end_sent:
            return
        messages = self._sending_messages()
        try:
            self._out.append(messages.protect_end())
        except AsyncAuthError as error:
            self.fail(error)
            raise

    def data_to_send(self) -> bytes:
        """The bytes to write, in order; empty if there are none. Each byte is given out once."""
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return data

    # --- state ---------------------------------------------------------------------------------------------

    @property
    def has_data_to_send(self) -> bool:
        """True if :meth:`data_to_send` has something; what was received may have been answered."""
        return bool(self._out)

    @property
    def together(self) -> int:
        """Messages that :meth:`next_event` may open in one call, if they are small."""
        return 1 if self._messages is None else self._messages.together

    @property
    def drained(self) -> bool:
        """True if, after data, :meth:`next_event` has nothing more to say before more bytes have come."""
        return not (self._received.piece or self._eof or self._messages is None or self._messages.decided)

    @property
    def unanswered(self) -> int:
        """How many messages the peer has yet to answer, in a framing with answers; to close before that may cost
        data, because a peer that answers into a closed connection is cut off from what it has not read yet."""
        return 0 if self._messages is None or self._failure else self._messages.unanswered

    def established(self) -> ConnectionInfo:
        """What the handshake reached, for whoever goes on with a connection that others have begun.

        :raises LocalProtocolError: it is not done
        """
        if self.info is None:
            raise LocalProtocolError("the handshake of this connection is not done, so it cannot be adopted")
        return self.info

    @property
    def max_plaintext(self) -> int:
        """Bytes of plaintext that make one full message."""
        return self._framing.max_plaintext

    @property
    def end_sent(self) -> bool:
        return self._messages is not None and self._messages.end_sent

    @property
    def failure(self) -> AsyncAuthError | None:
        """The error that ended this connection, if one did."""
        return self._failure

    def break_sending(self, error: AsyncAuthError) -> None:
        """Refuse to send from now on, because something sealed was not sent and the peer would see a gap.

        What the peer has sent can still be received.
        """
        if self._sending_failure is None:
            self._sending_failure = error
        if self._messages is not None:
            self._messages.silent = True

    def close(self) -> None:
        """The driver has let go of the byte stream: give back what belongs to the connection, which is a delegated
        credential. A second call does nothing."""
        if self.info is not None and self.info.delegated is not None:
            self.info.delegated.close()

    def fail(self, error: AsyncAuthError) -> None:
        """End the connection for a reason of the driver's own."""
        if self._failure is None:
            other = "the client" if self._role is Role.SERVER else "the server"
            error.name_peer(other if self._target is None else f"{other} {self._target}")
            self._failure = error
            self._received = ReceiveBuffer()

    def _sending_messages(self) -> Messages:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._messages is None:
            raise LocalProtocolError("no data may be sent before the handshake is done")
        if self._sending_failure is not None:
            raise self._sending_failure.with_traceback(None)
        if self._messages.end_sent:
            raise LocalProtocolError("no data may be sent after the end was sent")
        return self._messages

    def _open(self, info: ConnectionInfo, framing: Framing) -> None:
        self.info = info
        self._framing = framing
        self._handshake = None
        self._messages = messages_of(
            self._context, framing, info.protection, self._allow_unmarked_end, self._role, self._out.append
        )


def _too_late() -> NoReturn:
    raise LocalProtocolError("the handshake of this connection is done")
