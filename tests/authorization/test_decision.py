"""Any callback's answer made a decision: nothing but a clear yes is one."""

from __future__ import annotations

import logging
import pickle

import anyio
import pytest

from asyncauth import ConnectionInfo, DirectoryError
from asyncauth.authorization import Decision, decide

from .people import client

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("answer", "allowed", "reason"),
    [
        (True, True, "said yes"),
        (False, False, "said no"),
        (Decision(True, "she is known", "known"), True, "she is known"),
        (Decision(False, "she is not"), False, "she is not"),
        (None, False, "returned NoneType, neither"),
        (1, False, "returned int, neither"),
        ("no", False, "returned str, neither"),
    ],
)
async def test_what_is_answered(answer: object, allowed: bool, reason: str) -> None:
    async def authorize(info: ConnectionInfo) -> object:
        assert info.peer is not None
        return answer

    decision = await decide(authorize, client())
    assert decision.allowed is bool(decision) is allowed
    assert reason in decision.reason
    assert decision.rule == ("known" if reason == "she is known" else None)


async def test_our_own_errors_are_refusals_with_their_text(caplog: pytest.LogCaptureFixture) -> None:
    async def authorize(_: ConnectionInfo) -> bool:
        raise DirectoryError("no controller of example.test answers", fix="wait")

    decision = await decide(authorize, client())
    assert decision == Decision(False, "it could not be decided: no controller of example.test answers")
    assert not caplog.records


async def test_other_errors_are_refusals_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def authorize(_: ConnectionInfo) -> bool:
        raise KeyError("key")

    with caplog.at_level(logging.ERROR, "asyncauth"):
        decision = await decide(authorize, client())
    assert decision == Decision(False, "the authorisation callback failed with KeyError")
    assert caplog.records[0].exc_info is not None


async def test_cancellation_passes() -> None:
    async def authorize(_: ConnectionInfo) -> bool:
        await anyio.sleep_forever()
        return True

    with anyio.move_on_after(0.01) as scope:
        await decide(authorize, client())
    assert scope.cancelled_caught


def test_a_decision_is_a_plain_value() -> None:
    decision = Decision(True, "because", "realm:A")
    assert pickle.loads(pickle.dumps(decision)) == decision  # noqa: S301 - our own
    assert len({decision, Decision(True, "because", "realm:A")}) == 1
