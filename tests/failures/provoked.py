"""What every provoked failure must show: the right class, code and words, and that ``explain`` finds the same row."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TypeVar

import pytest

from asyncauth import AsyncAuthError, Policy, ServicePrincipalName
from asyncauth.abc import Mechanism, SecurityContext, StepResult
from asyncauth.cli import main
from asyncauth.failures import failure, lookup
from asyncauth.mechanisms import Kerberos, Negotiate

from ..cli._process import log_kept

__all__ = ["ROWS", "SEAL", "explained", "first_step", "kinds", "row", "shown", "spn", "talk"]

Test = TypeVar("Test", bound=Callable[..., object])

ROWS: dict[int, list[str]] = {}
"""The tests that provoke each failure, by its number; filled as their modules are imported."""
SEAL = Policy()
kinds = pytest.mark.parametrize("kind", [Negotiate, Kerberos])


def row(*numbers: int) -> Callable[[Test], Test]:
    """Marks the test that provokes these failures of the catalogue."""

    def mark(test: Test) -> Test:
        for number in numbers:
            ROWS.setdefault(number, []).append(f"{test.__module__}.{test.__name__}")
        return test

    return mark


def shown(
    number: int, kind: type[AsyncAuthError], code: str | None, *words: str, when: Callable[[], object]
) -> AsyncAuthError:
    """Run what fails, and check all that it says.

    :param number: of the failure in the catalogue
    :param code: the code that the error must carry; None if there is none
    :param words: what its text must name
    """
    with pytest.raises(kind) as caught:
        when()
    return explained(number, caught.value, kind, code, *words)


def explained(
    number: int, error: AsyncAuthError, kind: type[AsyncAuthError], code: str | None, *words: str
) -> AsyncAuthError:
    """Check an error; give it back."""
    text = str(error)
    assert type(error) is kind, text
    assert error.code == code, text
    assert error.fix, text
    assert "\n" not in text
    assert [word for word in words if word not in text] == [], text
    known = failure(number)
    assert error.cause == known.cause
    assert kind.__name__ in known.errors
    assert known.reproduced
    if code is not None:
        assert known in {each for found in lookup(code) for each in found.failures}
        assert known in {each for found in lookup(text) for each in found.failures}
        assert known.title in said_of(code)
    return error


def said_of(code: str) -> str:
    """What ``asyncauth explain`` prints."""
    printed = io.StringIO()
    with log_kept(), redirect_stdout(printed):
        assert main(["explain", "-v", code]) == 0
    return printed.getvalue()


def spn(text: str) -> ServicePrincipalName:
    """The text as a name."""
    return ServicePrincipalName.parse(text)


def first_step(client: Mechanism, target: str) -> Callable[[], StepResult]:
    """The client's first step, which gets the credentials and the ticket, to be run."""
    return lambda: client.initiate(spn(target), SEAL).step(None)


def talk(client: Mechanism, server: Mechanism, target: str) -> Callable[[], SecurityContext]:
    """A whole handshake, to be run: the acceptor's complete context."""

    def run() -> SecurityContext:
        initiator, acceptor = client.initiate(spn(target), SEAL), server.accept(SEAL)
        answer = acceptor.step(initiator.step(None).token)
        initiator.step(answer.token)
        return acceptor

    return run
