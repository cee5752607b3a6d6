"""What a decision is, and how any callback's answer becomes one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from .._errors import AsyncAuthError
from .._types import ConnectionInfo

__all__ = ["Authorizer", "Decision", "decide"]

_log = logging.getLogger("asyncauth")


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a client may go on, and why. True in a condition exactly if it may.

    :param reason: one line for the server's own log; a client is never told
    :param rule: the rule that fits, as it was written; None where none does
    """

    allowed: bool
    reason: str
    rule: str | None = None

    def __bool__(self) -> bool:
        return self.allowed


Authorizer: TypeAlias = Callable[[ConnectionInfo], Awaitable[object]]
"""Decides about one authenticated client: an ``async def (info)`` that gives a bool or a :class:`Decision`."""


async def decide(authorize: Authorizer, info: ConnectionInfo) -> Decision:
    """Ask a callback, and make a decision of whatever it answers. Nothing but a clear yes lets a client in.

    An error is a refusal, and so is an answer that is neither a bool nor a Decision: a callback that forgets to
    return anything must not open the door. Errors that are not asyncauth's own are logged with their traceback.
    Nothing is raised but what cancellation raises, and then nothing was decided.
    """
    try:
        answer = await authorize(info)
    except AsyncAuthError as error:
        return Decision(False, f"it could not be decided: {error.message}")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no yes
        _log.exception("the authorisation callback failed")
        return Decision(False, f"the authorisation callback failed with {type(error).__name__}")
    if isinstance(answer, Decision):
        return answer
    if isinstance(answer, bool):
        return Decision(answer, f"the authorisation callback said {'yes' if answer else 'no'}")
    return Decision(
        False, f"the authorisation callback returned {type(answer).__name__}, neither a bool nor a Decision"
    )
