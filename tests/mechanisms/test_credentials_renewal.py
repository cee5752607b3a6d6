"""Tickets that end while a program runs: renewed in the background, by the real KDC and with scripted attempts."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable

import pytest

from asyncauth import CredentialError, MechanismError
from asyncauth.mechanisms import Kerberos, Keytab, Negotiate, Password
from asyncauth.mechanisms._gss._credentials import _Acquired
from asyncauth.mechanisms._gss._keys import KRB5
from asyncauth.mechanisms._gss._renewal import Made, Renewed
from asyncauth.testing import MitRealm, User

from ..services import TWO_PARTS, house_of
from .contexts import SEAL, name_of, pair, who

_numbers = itertools.count(1)


def until(condition: Callable[[], bool], patience: float = 5.0) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Source:
    """Makes values: 1, 2, 3; waits or fails when told to."""

    def __init__(self, lifetime: float = 100.0) -> None:
        self.lifetime = lifetime
        self.made = 0
        self.replaced: list[int | None] = []
        self.error: Exception | None = None
        self.go = threading.Event()
        self.go.set()

    def __call__(self, old: int | None) -> Made[int]:
        self.replaced.append(old)
        assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        self.made += 1
        return Made.lasting(self.made, self.lifetime)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time that renewals go by."""
    offset = 0.0
    real = time.time

    def move(seconds: float) -> None:
        nonlocal offset
        offset += seconds

    monkeypatch.setattr("asyncauth.mechanisms._gss._renewal.time.time", lambda: real() + offset)
    return move


def test_what_is_good_is_made_once(clock: Callable[[float], None]) -> None:
    source = Source()
    renewed = Renewed(source, "x")
    assert renewed.look() is None
    assert [renewed.get(), renewed.get(), renewed.look()] == [1, 1, 1]
    clock(69)
    assert renewed.look() == 1
    assert source.replaced == [None]


def test_past_its_point_it_is_renewed_behind_the_back_of_those_who_use_it(
    clock: Callable[[float], None],
) -> None:
    source = Source()
    renewed = Renewed(source, "x")
    renewed.get()
    clock(81)
    source.go.clear()
    start = time.monotonic()
    assert [renewed.look() for _ in range(1000)] == [1] * 1000
    assert renewed.get() == 1
    assert time.monotonic() - start < 1
    source.go.set()
    until(lambda: renewed.look() == 2)
    assert source.replaced == [None, 1]


def test_the_point_lies_between_seven_and_eight_tenths() -> None:
    points = [(made.due - time.time()) / 100 for made in (Made.lasting(1, 100.0) for _ in range(200))]
    assert 0.69 < min(points) < 0.73
    assert 0.77 < max(points) < 0.81


def test_at_its_end_everybody_waits_for_one_attempt(clock: Callable[[float], None]) -> None:
    source = Source()
    renewed = Renewed(source, "x")
    renewed.get()
    clock(100)
    assert renewed.look() is None
    source.go.clear()
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(renewed.get())) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: len(source.replaced) == 2)
    source.go.set()
    for thread in threads:
        thread.join(5)
    assert got == [2] * 20
    assert len(source.replaced) == 2


def test_those_who_wait_share_a_failure_too_each_with_an_error_of_its_own() -> None:
    source = Source()
    source.error = MechanismError("no KDC", fix="see the network", code="1")
    renewed = Renewed(source, "x")
    source.go.clear()
    errors: list[MechanismError] = []

    def get() -> None:
        try:
            renewed.get()
        except MechanismError as error:
            errors.append(error)

    threads = [threading.Thread(target=get) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    source.go.set()
    for thread in threads:
        thread.join(5)
    assert len(source.replaced) == 1
    assert {str(error) for error in errors} == {"no KDC [1]: see the network"}
    assert len({id(error) for error in errors}) == 5
    source.error = None
    assert renewed.get() == 1


@pytest.mark.parametrize(
    ("error", "early", "late"),
    [(MechanismError("the KDC is silent"), 1.0, 1.0), (CredentialError("the KDC refused"), 4.0, 1.5)],
)
def test_a_failure_while_the_old_one_is_good_is_logged_once_and_tried_again(
    clock: Callable[[float], None],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    early: float,
    late: float,
) -> None:
    caplog.set_level(logging.INFO, "asyncauth")
    source = Source()
    renewed = Renewed(source, "the ticket of x")
    renewed.get()
    source.error = error
    clock(80.5)
    assert renewed.look() == 1
    until(lambda: len(source.replaced) == 2)
    until(lambda: "could not be renewed" in caplog.text)
    clock(early)
    assert renewed.look() == 1
    time.sleep(0.05)
    assert len(source.replaced) == 2
    clock(late)
    assert renewed.look() == 1
    until(lambda: len(source.replaced) == 3)
    until(lambda: renewed._attempt is None)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warnings] == [
        f"the ticket of x could not be renewed, and ends in 9 s: {error}"
    ]


def test_after_a_failure_it_recovers(
    clock: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "asyncauth")
    source = Source()
    renewed = Renewed(source, "the ticket of x")
    renewed.get()
    source.error = MechanismError("silence")
    clock(80.5)
    renewed.look()
    until(lambda: "could not be renewed" in caplog.text)
    source.error = None
    clock(3)
    renewed.look()
    until(lambda: renewed.look() == 2)
    until(lambda: "the ticket of x has been renewed after all" in caplog.text)


# --- with the KDC ------------------------------------------------------------------------------------------


@pytest.fixture
def shortlived(mit_realm: MitRealm) -> User:
    """Somebody whose tickets live for three seconds."""
    user = mit_realm.add_user(f"short{next(_numbers)}")
    mit_realm._kadmin("modify_principal", "-maxlife", "3 seconds", user.name)
    return user


@pytest.mark.parametrize(("kind", "source"), [(Negotiate, "password"), (Kerberos, "keytab")])
def test_tickets_are_renewed_and_no_handshake_waits(
    mit_realm: MitRealm, shortlived: User, kind: type[Negotiate | Kerberos], source: str
) -> None:
    """Handshakes all the time through more than two lifetimes: each is ready at once, but the first."""
    house = house_of(mit_realm)
    credential = (
        Password(shortlived.principal, shortlived.password)
        if source == "password"
        else Keytab(mit_realm.keytab(shortlived), shortlived.principal)
    )
    client, server = kind(credential), kind(Keytab(house.service.keytab))
    ours, theirs = pair(client, server)
    caches = set()
    waited, slowest = 0, 0.0
    deadline = time.monotonic() + 7
    while time.monotonic() < deadline:
        begun = time.monotonic()
        waited += client.initiate(name_of(TWO_PARTS), SEAL).may_wait
        assert who(client, server) == shortlived.principal
        slowest = max(slowest, time.monotonic() - begun)
        assert client._initiator is not None
        caches.add(client._initiator._current._made.value._cache.name)  # type: ignore[attr-defined]
        time.sleep(0.02)
    assert len(caches) >= 3
    assert waited == 0
    assert slowest < 1
    assert theirs.unwrap(ours.wrap(b"a connection from before goes on", True)).data.endswith(b"goes on")


def test_a_kdc_that_is_silent_when_a_ticket_is_due_is_not_felt(mit_realm: MitRealm, shortlived: User) -> None:
    """It answers again before the old ticket ends, and its answer is the next ticket."""
    client = Kerberos(Password(shortlived.principal, shortlived.password))
    server = Kerberos(Keytab(house_of(mit_realm).service.keytab))
    who(client, server)
    who(client, server)
    credentials = client._initiator
    assert isinstance(credentials, _Acquired)
    first = credentials._current.look()
    assert credentials._current._made is not None
    until_shortly_before = credentials._current._made.ends - 0.15
    mit_realm.pause()
    slowest, attempts = 0.0, 0
    try:
        while time.time() < until_shortly_before:
            start = time.monotonic()
            if credentials._current._attempt is not None and credentials._current.look() is first:
                attempts += 1
            if credentials._current.look() is first:
                assert who(client, server) == shortlived.principal
                slowest = max(slowest, time.monotonic() - start)
            time.sleep(0.01)
    finally:
        mit_realm.resume()
    assert attempts
    assert slowest < 0.3
    until(lambda: credentials._current.look() not in (None, first))
    assert who(client, server) == shortlived.principal


def test_tickets_of_services_that_are_gone_do_not_spoil_a_renewal(mit_realm: MitRealm) -> None:
    """A renewed ticket comes with those for the services used before, as far as the KDC still knows them."""
    bob = mit_realm.users["bob"]
    gone, there = f"Gone/number{next(_numbers)}", f"There/number{next(_numbers)}"
    service = mit_realm.add_service(f"goneservice{next(_numbers)}", gone, there)
    client, server = Kerberos(Password(bob.principal, bob.password)), Kerberos(Keytab(service.keytab))
    for _ in range(2):
        for spn in (gone, there):
            assert who(client, server, spn) == bob.principal
    credentials = client._initiator
    assert isinstance(credentials, _Acquired)
    old = credentials._current.look()
    assert old is not None
    assert old.used == [gone, there]
    mit_realm.remove_spn(service, gone)
    new = credentials._fill(old).value
    assert new.used == [there]
    assert new.ready(there, SEAL.protection) is not None
    assert new.ready(gone, SEAL.protection) is None


def test_a_kdc_that_falls_silent_does_not_hold_up_what_there_is(
    mit_realm: MitRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncauth.mechanisms._gss._credentials._PATIENCE_SECONDS", -1.0)
    bob = mit_realm.users["bob"]
    credentials = _Acquired(Password(bob.principal, bob.password), KRB5)
    copy = credentials._fill(None).value
    copy.get_tickets(["There/nobody", "There/somebody"])
    assert copy.used == []
