"""From the first byte to the policy's yes: a framing's script, run until it needs something from outside.

What a script sends, checks and wraps is done at once; what it waits for comes from the driver or from the bytes
received. What the peer may cost before it has proved anything is counted here, whatever the framing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from .._errors import AsyncAuthError, FrameTooLarge, LocalProtocolError, TruncatedStream
from .._types import ConnectionInfo, Protection, Role
from ..abc import Check, Peek, Receive, Send, Step, Unwrap, Use, Wrap
from ._events import NEED_DATA, PAUSED, Established, StepRequired
from ._policy import check_policy

if TYPE_CHECKING:
    from .._spn import ServicePrincipalName
    from .._types import Limits, Policy
    from ..abc import Command, ContextInfo, Frame, Framing, Reply, SecurityContext
    from ._buffer import ReceiveBuffer
    from ._events import Event

__all__ = ["Handshake"]


class Handshake:
    """See the head of this file.

    :param out: where bytes for the peer go
    :param target: client: the SPN that ``context`` asks for
    """

    __slots__ = (
        "_bytes",
        "_context",
        "_legs",
        "_limits",
        "_out",
        "_policy",
        "_reached",
        "_role",
        "_script",
        "_step",
        "_target",
        "_wants",
        "framing",
    )

    def __init__(
        self,
        role: Role,
        context: SecurityContext,
        framing: Framing,
        policy: Policy,
        limits: Limits,
        target: ServicePrincipalName | None,
        out: list[bytes],
    ) -> None:
        self._role = role
        self._context = context
        self._policy = policy
        self._limits = limits
        self._target = target
        self._out = out
        self.framing = framing
        """The one spoken now; a script may have chosen another than the caller gave."""
        self._legs = self._bytes = 0
        self._reached: ContextInfo | None = None
        self._step: StepRequired | None = None
        self._wants: Step | Receive | Peek | None = None
        self._script = framing.initiate() if role is Role.CLIENT else framing.accept()
        self._resume(None)

    def next_event(self, received: ReceiveBuffer, eof: bool) -> Event:
        """What the handshake needs next; Established when it needs nothing more."""
        if self._step is not None:
            return PAUSED
        while True:
            reply: Frame | bytes | None
            match self._wants:
                case Step(token):
                    self._step = StepRequired(self._context, token)
                    return self._step
                case Receive():
                    reply = self._frame(received)
                case Peek(size):
                    reply = received.peek(size)
                case None:
                    return self._established()
            if reply is None:
                if eof:
                    self._truncated()
                return NEED_DATA
            self._resume(reply)

    def waits_for(self, step: StepRequired) -> bool:
        """True if this is the step under way, and it has run."""
        return step is self._step and (step.result or step.error) is not None

    def step_done(self, step: StepRequired) -> None:
        """Go on with what the step gave; a failed one is thrown into the script, which raises it again."""
        self._step = None
        self._resume(step.result, step.error)

    @property
    def peer_name(self) -> str:
        """How to call the other side in an error."""
        if self._role is Role.CLIENT and self._target is not None:
            return f"the server {self._target}"
        return "the server" if self._role is Role.CLIENT else "the client"

    # --- the script ----------------------------------------------------------------------------------------

    def _resume(self, reply: Reply, error: AsyncAuthError | None = None) -> None:
        self._wants = None
        while True:
            try:
                command = self._script.throw(error) if error else self._script.send(reply)
            except StopIteration:
                return
            reply = error = None
            if isinstance(command, (Step, Receive, Peek)):
                self._wants = command
                return
            try:
                reply = self._perform(command)
            except AsyncAuthError as refusal:
                error = refusal

    def _perform(self, command: Command) -> Reply:
        match command:
            case Send(kind, body):
                self._out.append(self.framing.handshake.build(kind, len(body)) + body)
            case Check(protection):
                return self._check(protection)
            case Wrap(data, seal):
                return self._context.wrap(data, seal)
            case Unwrap(token):
                return self._context.unwrap(token)
            case Use(framing):
                self.framing = framing
        return None

    def _check(self, agreed: Protection | None) -> Protection:
        """Compare, with the protection that the framing promises for each message in place of the context's."""
        reached, required = self._context.info(), self._policy
        if agreed is not None:
            reached = reached._replace(protection=min(agreed, reached.protection))
            required = replace(required, protection=max(agreed, required.protection))
        peer = str(reached.peer or "the client") if self._role is Role.SERVER else self.peer_name
        check_policy(reached, required, self._role, peer)
        self._reached = reached
        return self._policy.protection

    def _established(self) -> Established:
        reached = self._reached
        if reached is None:
            raise LocalProtocolError(f"framing {self.framing.name} ended its handshake without a check")
        return Established(
            ConnectionInfo(
                role=self._role,
                mechanism=reached.mechanism,
                protection=reached.protection,
                mutual=reached.mutual,
                framing=self.framing.name,
                peer=reached.peer,
                target=self._target,
                lifetime=reached.lifetime,
            )
        )

    # --- what the peer sends -------------------------------------------------------------------------------

    def _frame(self, received: ReceiveBuffer) -> Frame | None:
        header = self.framing.handshake
        frame = received.take_frame(header, min(header.limit, self._limits.token))
        if frame is not None:
            self._legs += 1
            self._bytes += header.size + len(frame.body)
            if self._legs > self._limits.legs or self._bytes > self._limits.handshake:
                raise FrameTooLarge(
                    f"the peer's handshake is longer than {self._limits.legs} tokens"
                    f" or {self._limits.handshake} bytes"
                )
        return frame

    def _truncated(self) -> NoReturn:
        raise TruncatedStream(
            f"{self.peer_name} closed the connection during the handshake, without giving a reason",
            fix="look into the other end's log; check that the port speaks this framing",
        )
