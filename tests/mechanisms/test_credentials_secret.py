"""No password or key is ever shown: not by repr, not in logs, not in a traceback with its frames' locals."""

from __future__ import annotations

import copy
import dataclasses
import io
import logging
import pickle
import traceback

import pytest
from rich.console import Console
from rich.traceback import Traceback

from asyncauth import AsyncAuthError
from asyncauth.mechanisms import Keytab, Negotiate, Password
from asyncauth.mechanisms._krb5._keys import read_entries, string_to_key
from asyncauth.mechanisms._secret import Secret

from ..services import TWO_PARTS, House
from .contexts import SEAL, name_of

HIDDEN = Secret("Zz9.hunter2-is-no-password")


def refused(principal: str) -> BaseException:
    """The error of a password that the KDC refuses; nobody on the way there holds it in a local variable."""
    try:
        context = Negotiate(Password(principal, HIDDEN)).initiate(name_of(TWO_PARTS), SEAL)
        context.step(None)
    except AsyncAuthError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize("principal", ["alice@{realm}", "nobody@{realm}", "alice@NOWHERE.TEST", "a@b@c"])
def test_tracebacks_with_locals_do_not_show_it(
    either_house: House, principal: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = refused(principal.format(realm=either_house.realm.name))
    text = io.StringIO()
    Console(file=text, width=400).print(
        Traceback.from_exception(
            type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000
        )
    )
    plain = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "source = " in plain  # so locals were captured, and down to the frame that has it
    assert "ticket_with_password" in plain
    for shown in (plain, text.getvalue(), caplog.text, repr(error), str(error), repr(error.__cause__)):
        assert HIDDEN.reveal() not in shown
        assert "hunter2" not in shown


def test_tracebacks_of_the_native_errors_end_above_the_frames_of_the_library(house: House) -> None:
    error = refused("alice@EXAMPLE.TEST")
    while error.__cause__ is not None:
        error = error.__cause__
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in frames:
        assert not any(HIDDEN.reveal().encode() == value for value in frame.f_locals.values())
        assert not any(
            HIDDEN.reveal() == value for value in frame.f_locals.values() if isinstance(value, str)
        )


@pytest.mark.parametrize(
    "wrap", [lambda source: source, Negotiate, lambda source: [source], lambda source: source.secret]
)
def test_it_is_not_pickled_and_not_shown(wrap: object) -> None:
    held = wrap(Password("alice@EXAMPLE.TEST", HIDDEN))  # type: ignore[operator]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="a secret is not pickled"):
            pickle.dumps(held, protocol)
    assert "hunter2" not in f"{held!r} {held!s} {held}"


def test_a_password_is_a_value() -> None:
    password = Password("alice", "x")
    assert password == Password("alice", Secret("x"))
    assert password != Password("alice", "y")
    assert password != Password("bob", "x")
    assert hash(password) == hash(Password("alice", "x"))
    assert password.password == "x"
    assert copy.deepcopy(password) == copy.copy(password) == password
    assert "x'" not in repr(dataclasses.asdict(password))
    with pytest.raises(dataclasses.FrozenInstanceError):
        password.principal = "bob"  # type: ignore[misc]


def test_keys_are_not_shown_either(house: House) -> None:
    entries = read_entries(house.service.keytab)
    for entry in entries:
        key = entry.key.reveal()
        assert len(key) in (16, 32)
        assert key.hex() not in repr(entry)
        assert repr(key) not in repr(entry)
        with pytest.raises(TypeError):
            pickle.dumps(entry)
    assert "password" not in repr(string_to_key(18, Secret("password"), "ATHENA.MIT.EDUraeburn", None))
    assert repr(Keytab(house.service.keytab)).count("Keytab") == 1
