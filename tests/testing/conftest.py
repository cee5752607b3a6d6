"""Fixtures that the realm's tests share."""

from __future__ import annotations

import itertools

import pytest

from asyncauth.testing import Realm

_numbers = itertools.count(1)


@pytest.fixture(params=["ad_realm", "mit_realm"])
def either(request: pytest.FixtureRequest) -> Realm:
    """Each kind of realm in turn, the session's own."""
    realm: Realm = request.getfixturevalue(request.param)
    return realm


@pytest.fixture
def name() -> str:
    """A name that no other test gives to an account: the realm lives as long as the session."""
    return f"own{next(_numbers)}"
