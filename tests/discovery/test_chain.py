"""Several resolvers, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from asyncauth import _errors
from asyncauth._types import Target
from asyncauth.abc import Resolver, ServiceQuery
from asyncauth.discovery import first_of

pytestmark = pytest.mark.anyio

TARGET = Target("a.example.test", 1, "x/a.example.test")
MISSING = _errors.ServiceNotFound("nothing here", fix="publish it")
BROKEN = _errors.DirectoryError("cannot be reached")


@dataclass
class Fixed:
    """Answers with one thing."""

    answer: Sequence[Target] | Exception
    asked: int = 0

    async def resolve(self, query: ServiceQuery, /) -> Sequence[Target]:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_the_first_that_knows_it() -> None:
    last = Fixed([])
    chain = first_of(Fixed(MISSING), Fixed(BROKEN), Fixed([TARGET]), last)
    assert isinstance(chain, Resolver)
    assert await chain.resolve(ServiceQuery("x")) == [TARGET]
    assert not last.asked


async def test_nobody_knows_it() -> None:
    with pytest.raises(
        _errors.ServiceNotFound, match="none of the places asked knows the service 'x'"
    ) as caught:
        await first_of(Fixed(MISSING), Fixed(MISSING)).resolve(ServiceQuery("x"))
    assert caught.value.fix == "publish it"
    assert caught.value.__cause__ is MISSING


async def test_what_could_not_be_asked_is_told() -> None:
    for order in ((Fixed(MISSING), Fixed(BROKEN)), (Fixed(BROKEN), Fixed(MISSING)), (Fixed(BROKEN),)):
        with pytest.raises(_errors.ServiceNotFound) as caught:
            await first_of(*order).resolve(ServiceQuery("x"))
        assert caught.value.__cause__ is BROKEN
        assert caught.value.fix


async def test_a_damaged_record_is_not_passed_over() -> None:
    damaged = _errors.MalformedRecord("no host")
    with pytest.raises(_errors.MalformedRecord):
        await first_of(Fixed(damaged), Fixed([TARGET])).resolve(ServiceQuery("x"))


def test_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least one"):
        first_of()
