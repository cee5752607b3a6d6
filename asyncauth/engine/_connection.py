"""One authenticated connection, without any I/O.

The driver feeds what it read and writes what it is given; everything that two drivers would have to decide
alike is decided here. The contract is four calls::

    receive_data(bytes) / receive_eof()     what the peer sent
    next_event()                            what happened; decrypts one message per call, so that a reader
                                            who does not ask makes nothing pile up but unread bytes
    send_data(plaintext) / send_eof()       what the application says
    data_to_send()                          what to write; also after an error, for the peer's sake

and, while the handshake runs, ``step_done`` for the one thing the engine does not do by itself: a step of the
security context may wait for a KDC, so the driver chooses where it runs.

Failure is sticky: the first error is kept and raised again by every later call. Sending can fail by itself, when a
message was sealed and then not sent: the peer must refuse the gap, but what it has said is still good.

The end of data is protected like data: an empty message says "this was the end" (our addition to framings
that have none; .NET skips such a message). A byte stream that merely ends could have been cut by anybody, so
that is an error unless the caller allowed it, or the connection has no protection at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .._errors import (
    AsyncAuthError,
    FrameTooLarge,
    LocalProtocolError,
    TruncatedStream,
)
from .._types import ConnectionInfo, Limits, Policy, Role
from ..abc import Receive, Step
from ._buffer import ReceiveBuffer
from ._events import NEED_DATA, PAUSED, Established, StepRequired
from ._handshake import Handshake
from ._messages import Messages
from ._policy import check_policy

if TYPE_CHECKING:
    from .._spn import ServicePrincipalName
    from ..abc import Framing, SecurityContext
    from ._events import Event

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
        self._role = role
        self._context = context
        self._framing = framing
        self._policy = policy or Policy()
        self._limits = limits or Limits()
        self._target = target
        self._allow_unmarked_end = allow_unmarked_end
        self._received = ReceiveBuffer()
        self._eof = False
        self._out: list[bytes] = []
        self._step: StepRequired | None = None
        self._legs = self._handshake_bytes = 0
        self._failure: AsyncAuthError | None = None
        self._sending_failure: AsyncAuthError | None = None
        self._messages: Messages | None = None
        self.info: ConnectionInfo | None = None
        """What was reached; None until the handshake is done."""
        script = framing.initiate() if role is Role.CLIENT else framing.accept()
        self._handshake = Handshake(script, self._send_frame, self._check)

    # --- inbound -------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes that the peer sent. Raises nothing; what they mean comes from :meth:`next_event`."""
        if self._failure is None:
            self._received.feed(data)

    def receive_eof(self) -> None:
        """The byte stream from the peer has ended."""
        self._eof = True

    def next_event(self) -> Event:
        """What happened next.

        :raises RemoteProtocolError: the peer broke the framing, ended too early, or announced too much
        :raises AuthenticationError: the handshake failed
        :raises IntegrityError: a message could not be opened, or was less protected than agreed
        """
        self._raise_failure()
        try:
            if self._messages is None:
                return self._next_handshake()
            return self._messages.next_event(self._received, self._eof)
        except AsyncAuthError as error:
            self.fail(error)
            raise

    def step_done(self, step: StepRequired) -> None:
        """Apply a step that has run. Raises nothing; a failed step comes from :meth:`next_event`."""
        if self._failure is not None:
            return
        if step is not self._step or (step.result or step.error) is None:
            raise LocalProtocolError("this is not the step that the connection waits for, or it was not run")
        self._step = None
        try:
            if step.error is not None:
                self._handshake.refused(step.error)
            elif step.result is not None:
                self._handshake.stepped(step.result)
        except AsyncAuthError as error:
            self.fail(error)

    # --- outbound ------------------------------------------------------------------------------------------

    def send_data(self, data: bytes | bytearray | memoryview) -> None:
        """Protect plaintext and queue it; longer data is split into messages of the framing's size.

        :raises LocalProtocolError: the handshake is not done, or the end was already sent
        :raises IntegrityError: the context cannot protect it, for instance because it has expired
        """
        messages = self._sending_messages()
        try:
            self._out.extend(messages.protect(memoryview(data).cast("B")))
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

    def fail(self, error: AsyncAuthError) -> None:
        """End the connection for a reason of the driver's own."""
        if self._failure is None:
            error.name_peer(self._peer_name)
            self._failure = error
            self._received = ReceiveBuffer()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure.with_traceback(None)

    def _sending_messages(self) -> Messages:
        self._raise_failure()
        if self._messages is None:
            raise LocalProtocolError("no data may be sent before the handshake is done")
        if self._sending_failure is not None:
            raise self._sending_failure.with_traceback(None)
        if self._messages.end_sent:
            raise LocalProtocolError("no data may be sent after the end was sent")
        return self._messages

    # --- handshake -----------------------------------------------------------------------------------------

    def _next_handshake(self) -> Event:
        if self._step is not None:
            return PAUSED
        while True:
            match self._handshake.wants:
                case Step(token):
                    self._step = StepRequired(self._context, token)
                    return self._step
                case Receive():
                    if not self._receive_frame():
                        return NEED_DATA
                case None:
                    return self._establish()

    def _receive_frame(self) -> bool:
        header = self._framing.handshake
        frame = self._received.take_frame(header, min(header.limit, self._limits.token))
        if frame is None:
            if self._eof:
                self._truncated_handshake()
            return False
        self._legs += 1
        self._handshake_bytes += header.size + len(frame.body)
        if self._legs > self._limits.legs or self._handshake_bytes > self._limits.handshake:
            raise FrameTooLarge(
                f"the peer's handshake is longer than {self._limits.legs} tokens"
                f" or {self._limits.handshake} bytes"
            )
        self._handshake.received(frame)
        return True

    def _truncated_handshake(self) -> NoReturn:
        raise TruncatedStream(
            f"{self._peer_name} closed the connection during the handshake, without giving a reason",
            fix="look into the other end's log; check that the port speaks this framing",
        )

    def _send_frame(self, kind: int, body: bytes) -> None:
        self._out.append(self._framing.handshake.build(kind, len(body)) + body)

    def _check(self) -> None:
        reached = self._context.info()
        peer = str(reached.peer or "the client") if self._role is Role.SERVER else self._peer_name
        check_policy(reached, self._policy, self._role, peer)
        self.info = ConnectionInfo(
            role=self._role,
            mechanism=reached.mechanism,
            protection=reached.protection,
            mutual=reached.mutual,
            framing=self._framing.name,
            peer=reached.peer,
            target=self._target,
            lifetime=reached.lifetime,
        )

    def _establish(self) -> Established:
        if self.info is None:
            raise LocalProtocolError(f"framing {self._framing.name} ended its handshake without a check")
        self._messages = Messages(
            self._context, self._framing, self.info.protection, self._allow_unmarked_end
        )
        return Established(self.info)

    @property
    def _peer_name(self) -> str:
        if self._role is Role.CLIENT and self._target is not None:
            return f"the server {self._target}"
        return "the server" if self._role is Role.CLIENT else "the client"
