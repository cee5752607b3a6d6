"""From the first byte to the policy's yes: a framing's script, run until it needs something from outside.

What a script sends, checks and wraps is done at once, and so is a step of the security context that cannot wait; what
it waits for comes from the driver or from the bytes received. What the peer may cost before it has proved anything is
counted here, whatever the framing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, TypeGuard

from .._errors import AsyncAuthError, FrameTooLarge, LocalProtocolError, TruncatedStream
from .._types import ConnectionInfo, Protection, Role
from ..abc import Authorize, Check, Inspect, Peek, Receive, Send, Step, Unwrap, Use, Wrap
from ._events import NEED_DATA, PAUSED, DecisionRequired, Established, StepRequired
from ._policy import check_policy, not_authorized

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
        "_address",
        "_authzid",
        "_begun",
        "_bytes",
        "_channel",
        "_context",
        "_decided",
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
        self._authzid = ""
        self._channel = False
        self._address: str | None = None
        self._decided = policy.authorize is None or role is Role.CLIENT
        self._step: StepRequired | DecisionRequired | None = None
        self._wants: Step | Receive | Peek | Authorize | None = None
        self._begun = False
        self._script = framing.initiate() if role is Role.CLIENT else framing.accept()

    def next_event(self, received: ReceiveBuffer, eof: bool) -> Event:
        """What the handshake needs next; Established when it needs nothing more."""
        if self._step is not None:
            return PAUSED
        if not self._begun:
            self._begun = True
            self._resume(None)
        while (wants := self._wants) is not None:
            reply: Frame | bytes | None
            if type(wants) is Receive:
                reply = self._frame(received)
            elif type(wants) is Peek:
                reply = received.peek(wants.size)
            elif type(wants) is Step:
                self._step = StepRequired(self._context, wants.token)
                return self._step
            else:
                self._step = self._decision()
                return self._step
            if reply is None:
                if eof:
                    self._truncated()
                return NEED_DATA
            self._resume(reply)
        return Established(self._info())

    def bind(self, channel: bytes | None, address: str | None) -> None:
        """What lies below: the secure channel's name, and where the peer is; before the first event."""
        self._address = address
        if channel is not None:
            self._channel = True
            self._context.bind(channel)

    def waits_for(self, step: StepRequired | DecisionRequired) -> bool:
        """True if this is the step or decision under way, and it has been done."""
        if isinstance(step, StepRequired) and (step.result or step.error) is None:
            return False
        return step is self._step

    def step_done(self, step: StepRequired | DecisionRequired) -> None:
        """Go on with what the step gave; a failed one, or a no, is thrown into the script, which raises it again."""
        self._step = None
        if isinstance(step, StepRequired):
            self._resume(step.result, step.error)
            return
        self._decided = True
        self._resume(None, None if step.verdict else _refusal(step))

    # --- the script ----------------------------------------------------------------------------------------

    def _resume(self, reply: Reply, error: AsyncAuthError | None = None) -> None:
        script, self._wants = self._script, None
        while True:
            try:
                command = script.throw(error) if error else script.send(reply)
            except StopIteration:
                self._wants = None if self._decided else Authorize()
                return
            reply = error = None
            if self._must_wait_for(command):
                self._wants = command
                return
            try:
                reply = self._perform(command)
            except AsyncAuthError as refusal:
                error = refusal

    def _must_wait_for(self, command: Command) -> TypeGuard[Step | Receive | Peek | Authorize]:
        kind = type(command)  # which takes less time than a pattern's match
        if kind is Step:
            return self._context.may_wait
        return kind is Receive or kind is Peek or (kind is Authorize and not self._decided)

    def _perform(self, command: Command) -> Reply:
        if type(command) is Step:
            return self._context.step(command.token)
        if type(command) is Send:
            self._out.append(self.framing.handshake.build(command.kind, len(command.body)) + command.body)
        elif type(command) is Check:
            self._authzid = command.authzid
            return self._check(command.protection)
        elif type(command) is Use:
            self.framing = command.framing
        elif type(command) is not Authorize:
            return self._consult(command)
        return None

    def _consult(self, command: Command) -> Reply:
        """The complete context, for handshakes that go on under its protection."""
        match command:
            case Inspect():
                return self._context.info()
            case Wrap(data, seal):
                return self._context.wrap(data, seal)
            case Unwrap(token):
                return self._context.unwrap(token)
        raise LocalProtocolError(f"framing {self.framing.name} wants {command!r}, which is no command")

    def _check(self, agreed: Protection | None) -> Protection:
        """Compare, with the protection that the framing promises for each message in place of the context's."""
        reached, required = self._context.info(), self._policy
        if agreed is not None:
            reached = reached._replace(protection=min(agreed, reached.protection))
            required = replace(required, protection=max(agreed, required.protection))
        peer = (reached.peer or "the client") if self._role is Role.SERVER else (self._target or "the server")
        check_policy(reached, required, self._role, peer, channel=self._channel)
        self._reached = reached
        return self._policy.protection

    def _decision(self) -> DecisionRequired:
        assert self._policy.authorize is not None
        return DecisionRequired(self._info(), self._policy.authorize)

    def _info(self) -> ConnectionInfo:
        reached = self._reached
        if reached is None:
            raise LocalProtocolError(f"framing {self.framing.name} ended its handshake without a check")
        proven = reached.claimed if reached.bound.target else None
        return ConnectionInfo(
            self._role,
            reached.mechanism,
            reached.protection,
            reached.mutual,
            self.framing.name,
            reached.peer,
            self._target if self._role is Role.CLIENT else proven,
            reached.lifetime,
            reached.claimed,
            reached.bound.channel,
            self._address,
            reached.delegates,
            reached.delegated,
            self._authzid,
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
            "the peer closed the connection during the handshake, without giving a reason",
            fix="look into the other end's log; check that the port speaks this framing",
        )


def _refusal(decision: DecisionRequired) -> AsyncAuthError:
    reason = decision.error or getattr(decision.verdict, "reason", None)
    refusal = not_authorized(str(decision.info.peer or "the client"), reason)
    refusal.__cause__ = decision.error
    return refusal
