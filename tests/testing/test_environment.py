"""Pointing the process at realms, and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asyncauth.testing import RealmError
from asyncauth.testing._environment import pointed_at


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no realm of the session were in use."""
    monkeypatch.setattr("asyncauth.testing._environment._configs", {})
    monkeypatch.setattr("asyncauth.testing._environment._before", {})
    for name in [name for name in os.environ if name.startswith("KRB5")]:
        monkeypatch.delenv(name)


def kerberos() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("KRB5")}


def test_everything_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"KRB5_CONFIG": "/mine", "KRB5CCNAME": "FILE:/mine", "KRB5_KTNAME": "/mine.keytab"}
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KRB5_TRACE", "/trace")
    with pointed_at("A.TEST", Path("/a")):
        assert kerberos() == {"KRB5_CONFIG": "/a", "KRB5_TRACE": "/trace"}
    assert kerberos() == {**before, "KRB5_TRACE": "/trace"}


def test_nothing_was_set_and_nothing_is_left() -> None:
    with pytest.raises(ZeroDivisionError), pointed_at("A.TEST", Path("/a")):
        raise ZeroDivisionError
    assert kerberos() == {}


def test_two_realms_the_first_goes_first() -> None:
    first, second = pointed_at("A.TEST", Path("/a")), pointed_at("B.TEST", Path("/b"))
    with first:
        second.__enter__()
        assert kerberos() == {"KRB5_CONFIG": "/a:/b"}
    assert kerberos() == {"KRB5_CONFIG": "/b"}
    second.__exit__(None, None, None)
    assert kerberos() == {}


def test_two_realms_of_one_name_are_refused() -> None:
    with pointed_at("A.TEST", Path("/a")):
        with pytest.raises(RealmError, match="another name"), pointed_at("A.TEST", Path("/b")):
            pass
        assert kerberos() == {"KRB5_CONFIG": "/a"}
