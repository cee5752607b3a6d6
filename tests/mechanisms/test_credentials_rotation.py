"""A server whose account gets a new password: new keys beside the old ones, without a restart."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncauth import CredentialError, TargetError
from asyncauth.abc import Mechanism
from asyncauth.keytabs import keys_from_password, write_keytab
from asyncauth.mechanisms import CredentialCache, DefaultCredential, Kerberos, Keytab, Negotiate, Password
from asyncauth.mechanisms._krb5._keys import add_entries, read_entries
from asyncauth.testing import Realm, Service

from ..services import House
from .contexts import SEAL, name_of, who

_numbers = itertools.count(1)

TRUST = "asyncauth.mechanisms._gss._keys._TRUST_SECONDS"
SETTLING = "asyncauth.mechanisms._gss._keys._SETTLING_SECONDS"


class Rotation:
    """A service of its own, its keytab file, and clients from before and after."""

    def __init__(self, realm: Realm, path: Path) -> None:
        number = next(_numbers)
        self.realm = realm
        self.spn = f"Rotated/number{number}.example.test"
        self.service: Service = realm.add_service(f"rotated{number}", self.spn)
        self.path = path
        path.write_bytes(self.service.keytab.read_bytes())

    def client(self) -> Mechanism:
        """A client that has its ticket for the service already, made with the present key."""
        client = Negotiate(CredentialCache(self.realm.ticket("alice")))
        who(
            client,
            Negotiate(Keytab(self.realm.keytab(self.service.name, self.path.with_suffix(".now")))),
            self.spn,
        )
        return client

    def merged(self) -> bytes:
        """A keytab with the old and the new keys."""
        self.realm.change_password(self.service.name)
        fresh = self.realm.keytab(self.service.name, self.path.with_suffix(".fresh"))
        both = self.path.with_suffix(".both")
        both.write_bytes(self.path.read_bytes())
        add_entries(both, read_entries(fresh))
        return both.read_bytes()


def in_place(path: Path, content: bytes) -> None:
    """As ``cp`` does it."""
    path.write_bytes(content)


def atomically(path: Path, content: bytes) -> None:
    """As whoever is careful does it."""
    fresh = path.with_suffix(".replacing")
    fresh.write_bytes(content)
    fresh.replace(path)


@pytest.fixture(params=["keytab", "spns", "default"])
def source(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Rotation], Mechanism]:
    """The ways in which a server names its keys."""

    def make(rotation: Rotation) -> Mechanism:
        if request.param == "default":
            monkeypatch.setenv("KRB5_KTNAME", f"FILE:{rotation.path}")
            return Negotiate(DefaultCredential())
        spns = (name_of(rotation.spn),) if request.param == "spns" else ()
        return Negotiate(Keytab(rotation.path, spns=spns))

    return make


@pytest.mark.parametrize("replace", [in_place, atomically])
def test_old_and_new_tickets_are_taken_without_a_restart(
    either_house: House,
    source: Callable[[Rotation], Mechanism],
    replace: Callable[[Path, bytes], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TRUST, 0.3)
    rotation = Rotation(either_house.realm, tmp_path / "server.keytab")
    old, server = rotation.client(), source(rotation)
    alice = f"alice@{either_house.realm.name}"
    assert who(old, server, rotation.spn) == alice
    replace(rotation.path, rotation.merged())
    new = rotation.client()
    time.sleep(0.35)
    assert [who(new, server, rotation.spn), who(old, server, rotation.spn)] == [alice] * 2


def test_new_keys_written_before_the_password_is_changed_leave_no_gap(house: House, tmp_path: Path) -> None:
    """The recipe of docs/credentials.md: clients come all the time, and not one is refused."""
    realm = house.realm
    rotation = Rotation(realm, tmp_path / "server.keytab")
    server = Negotiate(Keytab(rotation.path))
    clients = [rotation.client()]
    refused: list[BaseException] = []
    served = 0
    stop = threading.Event()

    def come() -> None:
        nonlocal served
        while not stop.is_set():
            for client in (*clients, Negotiate(CredentialCache(realm.ticket("bob")))):
                try:
                    who(client, server, rotation.spn)
                    served += 1
                except Exception as error:  # noqa: BLE001 - each is a refusal too many
                    refused.append(error)

    password = "Zz9.the-next-password-of-the-service"
    thread = threading.Thread(target=come)
    thread.start()
    present = read_entries(rotation.path)[0].kvno
    source = Password(f"{rotation.service.name}@{realm.name}", password)
    keys = keys_from_password(source, kvno=present + 1, salt=None)
    write_keytab(rotation.path, [key.renamed(f"{rotation.spn}@{realm.name}") for key in keys])
    time.sleep(5.2)  # as long as a server trusts what it has read
    realm.change_password(rotation.service.name, password)
    clients.append(Negotiate(CredentialCache(realm.ticket("alice"))))
    time.sleep(0.5)
    stop.set()
    thread.join(10)
    assert not refused
    assert served > 20
    kvnos = {entry.kvno for entry in read_entries(rotation.path)}
    assert kvnos == {present, present + 1}


def test_keys_that_were_removed_are_no_longer_taken(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRUST, 0.1)
    rotation = Rotation(house.realm, tmp_path / "server.keytab")
    old, server = rotation.client(), Kerberos(Keytab(rotation.path))
    kerberos = Kerberos(CredentialCache(house.realm.ticket("alice")))
    who(kerberos, server, rotation.spn)
    rotation.merged()
    rotation.path.write_bytes(rotation.path.with_suffix(".fresh").read_bytes())
    time.sleep(0.15)
    with pytest.raises(TargetError):
        who(kerberos, server, rotation.spn)
    del old


@pytest.mark.parametrize("fault", ["gone", "empty", "cut", "no such spn"])
def test_a_file_that_cannot_be_read_for_a_while_leaves_the_keys_that_there_are(
    house: House,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    monkeypatch.setattr(TRUST, 0.0)
    rotation = Rotation(house.realm, tmp_path / "server.keytab")
    content = rotation.path.read_bytes()
    server = Negotiate(Keytab(rotation.path, spns=(name_of(rotation.spn),)))
    client = rotation.client()
    who(client, server, rotation.spn)
    if fault == "gone":
        rotation.path.unlink()
    else:
        broken = {"empty": b"", "cut": content[:20], "no such spn": house.other.keytab.read_bytes()}
        rotation.path.write_bytes(broken[fault])
    for _ in range(3):
        assert who(client, server, rotation.spn) == "alice@EXAMPLE.TEST"
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert str(rotation.path) in warnings[0].getMessage()
    with pytest.raises(CredentialError):  # a new server has nothing to go on with
        Negotiate(Keytab(rotation.path, spns=(name_of(rotation.spn),))).prepare_server()
    rotation.path.write_bytes(content)
    assert who(client, server, rotation.spn) == "alice@EXAMPLE.TEST"


def test_what_was_just_written_is_trusted_for_a_moment_only(house: House, tmp_path: Path) -> None:
    """Half a file, read while somebody was writing it, is not what the next five seconds go by."""
    rotation = Rotation(house.realm, tmp_path / "server.keytab")
    server = Negotiate(Keytab(rotation.path))
    server.prepare_server()
    assert not server.accept(SEAL).may_wait
    time.sleep(0.3)
    assert server.accept(SEAL).may_wait
    long_ago = time.time() - 3600
    os.utime(rotation.path, (long_ago, long_ago))
    server.prepare_server()
    time.sleep(0.3)
    assert not server.accept(SEAL).may_wait


def test_a_handshake_under_way_keeps_the_keys_it_began_with(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRUST, 0.0)
    rotation = Rotation(house.realm, tmp_path / "server.keytab")
    client, server = rotation.client(), Negotiate(Keytab(rotation.path))
    initiator, acceptor = client.initiate(name_of(rotation.spn), SEAL), server.accept(SEAL)
    token, _ = initiator.step(None)
    for _ in range(5):
        server.prepare_server()
    token, done = acceptor.step(token)
    assert done
    assert initiator.step(token).complete
