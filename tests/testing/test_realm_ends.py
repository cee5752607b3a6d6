"""A realm goes without trace, however its owner goes; several live side by side; what it lacks it says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import dns.message
import dns.query
import pytest

from asyncauth._errors import MechanismUnavailable
from asyncauth.testing import Realm, RealmError, _mit, _samba, start_realm
from asyncauth.testing._household import find_program

from ._handshake import handshake

Kind = Literal["ad", "mit"]
KINDS: list[Kind] = ["ad", "mit"]
PORTS = {"ad": (53, 88, 389, 464, 3268), "mit": (10_088,)}

OWNER = """\
import os, sys, time
from asyncauth.testing import start_realm
kind, when = sys.argv[1:]
def tell(line):
    if when == "starting":
        print("started", flush=True)
        time.sleep(0.7)  # well into the making of the domain
realm = start_realm(kind, progress=tell)
if when == "forked" and not os.fork():
    time.sleep(60)
print(realm.address, realm.directory, flush=True)
time.sleep(60)
"""


def relatives(pid: int) -> list[int]:
    """The processes below one, as of now."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(path.parent.name), *relatives(int(path.parent.name))]
    return found


def household(realm: Realm) -> list[int]:
    """The realm's keeper and what it keeps."""
    keeper = realm._household._keeper.pid
    return [keeper, *relatives(keeper)]


def running(pids: list[int]) -> list[int]:
    """Those that live; a zombie does not."""
    alive = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            alive.append(pid)
    return alive


def silent(address: str, kind: Kind) -> bool:
    """Whether nobody listens on the realm's ports any more, TCP and UDP, nor holds its address."""
    for port in (*PORTS[kind], 47_088):
        for transport in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, transport) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, transport == socket.SOCK_STREAM)
                try:
                    probe.bind((address, port))
                except OSError:
                    return False
    return True


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def machine_files() -> set[Path]:
    """Where Samba and Kerberos would leave things if told nothing."""
    system = ("lib/samba", "log/samba", "cache/samba", "run/samba", "lib/krb5kdc", "tmp")
    places = [Path("/var") / place for place in system]
    return {path for place in places for path in place.rglob("*")}


@pytest.fixture
def owner() -> Iterator[Callable[[Kind, str], subprocess.Popen[str]]]:
    """Starts another process that owns a realm; the fixture's end kills it and what it forked."""
    started: list[subprocess.Popen[str]] = []

    def start(kind: Kind, when: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, kind, when],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("kind", KINDS)
def test_stop_leaves_nothing(kind: Kind) -> None:
    before = machine_files()
    with start_realm(kind, "LEAVES.NOTHING") as realm:
        service = realm.add_service("svc", "svc/localhost")
        with realm.use():
            handshake("svc/localhost", realm.ticket("alice"), service.keytab)
        pids = household(realm)
        assert len(running(pids)) == (3 if kind == "ad" else 2)
        assert not silent(realm.address, kind)
        assert machine_files() == before
    assert running(pids) == []
    assert not realm.directory.exists()
    assert silent(realm.address, kind)
    assert machine_files() == before
    realm.stop()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("when", ["ready", "starting", "forked"])
def test_killing_the_owner_leaves_nothing(
    owner: Callable[[Kind, str], subprocess.Popen[str]], kind: Kind, when: str, tmp_path: Path
) -> None:
    process = owner(kind, when)
    assert process.stdout is not None
    line = process.stdout.readline().split()
    time.sleep(0.3 if when == "starting" else 0)
    pids = relatives(process.pid)
    keeper = next(pid for pid in pids if b"_keeper.py" in Path(f"/proc/{pid}/cmdline").read_bytes())
    directory = Path(Path(f"/proc/{keeper}/cmdline").read_text().split("\0")[4])
    assert directory.is_dir()
    mine = [keeper, *relatives(keeper)]
    process.kill()
    assert eventually(lambda: not running(mine))
    assert not directory.exists()
    assert when == "starting" or silent(line[0], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_killing_the_keeper_leaves_nothing(kind: Kind) -> None:
    realm = start_realm(kind)
    pids = household(realm)
    realm._household._keeper.kill()
    assert eventually(lambda: not running(pids))
    with pytest.raises(RealmError, match="gone"):
        realm.pause()
    realm.stop()
    assert not realm.directory.exists()
    assert silent(realm.address, kind)


def test_two_domains_of_the_same_name_side_by_side(ad_realm: Realm) -> None:
    with start_realm("ad", ad_realm.name) as other:
        assert other.address != ad_realm.address
        service = other.add_service("sidebyside", "sidebyside/localhost")
        with pytest.raises(RealmError):
            ad_realm.ticket("sidebyside")
        assert ad_realm.ticket("bob")
        assert other.ticket(service)
    assert ad_realm.ticket("bob")


def test_a_realm_is_its_owners_not_a_forked_childs() -> None:
    with start_realm("mit") as realm:
        child = os.fork()
        if not child:
            realm.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert realm.ticket("bob")


@pytest.mark.parametrize("there", [True, False])
def test_a_directory_of_ones_own(tmp_path: Path, there: bool) -> None:
    place = tmp_path / "realm"
    if there:
        place.mkdir()
    with start_realm("mit", directory=place) as realm:
        assert realm.directory == place
        with pytest.raises(RealmError, match="not empty"):
            start_realm("mit", directory=place)
    assert place.exists() == there
    assert not there or not list(place.iterdir())


def test_the_directory_is_kept_if_asked(tmp_path: Path) -> None:
    start_realm("mit", directory=tmp_path / "realm", keep=True).stop()
    assert (tmp_path / "realm" / "kdc.log").exists()


def test_a_path_too_long_for_samba(tmp_path: Path) -> None:
    place = tmp_path / ("long" * 20)
    with pytest.raises(RealmError, match="at most"):
        start_realm("ad", directory=place)
    assert not place.exists()


@pytest.mark.parametrize("awkward", ["with blank", "a:b", "%m"])
def test_a_directory_that_no_configuration_can_name(tmp_path: Path, awkward: str) -> None:
    with pytest.raises(RealmError, match="in its name"):
        start_realm("mit", directory=tmp_path / awkward)
    assert not (tmp_path / awkward).exists()


def test_a_name_that_is_none() -> None:
    for name in ("example.test", "ONELABEL", "", "A..B"):
        with pytest.raises(RealmError, match="capitals"):
            start_realm("mit", name)


def test_a_kdc_that_does_not_come_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "krb5kdc"
    broken.write_text("#!/bin/sh\necho the reason is written here >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(
        _mit, "find_program", lambda name: str(broken) if name == "krb5kdc" else find_program(name)
    )
    with pytest.raises(RealmError, match=r"ended with code 3.*the reason is written here"):
        start_realm("mit", directory=tmp_path / "realm")
    assert not (tmp_path / "realm").exists()


def test_missing_parts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_samba, "find_program", lambda _: None)
    with pytest.raises(MechanismUnavailable, match="samba-ad-dc samba-ad-provision"):
        start_realm("ad")
    with start_realm("auto") as realm:
        assert realm.kind == "mit"
    monkeypatch.setattr(_mit, "find_program", lambda _: None)
    with pytest.raises(MechanismUnavailable, match=r"samba-ad-dc.*krb5-kdc krb5-admin-server"):
        start_realm("auto")


def test_a_machine_without_samba_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_samba, "_samba_python", lambda: sys.executable)
    with pytest.raises(MechanismUnavailable, match="samba-ad-provision"):
        start_realm("ad", directory=tmp_path / "r")
    assert not (tmp_path / "r").exists()
    told: list[str] = []
    with start_realm("auto", directory=tmp_path / "r", progress=told.append) as realm:
        assert realm.kind == "mit"
    assert any("MIT realm instead: no Samba" in line for line in told)


def test_without_root_there_is_no_ad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MechanismUnavailable, match="root"):
        start_realm("ad")


def test_dns_moves_where_port_53_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        # Beside the other realms' sockets, which are more specific and so keep their queries.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # the machine's own resolver has it: as good
            taken.bind(("0.0.0.0", 53))  # noqa: S104
        with start_realm("ad") as realm:
            assert realm.nameserver == realm.env["ASYNCAUTH_NAMESERVER"] == f"{realm.address}:10053"
            query = dns.message.make_query("_ldap._tcp.example.test", "SRV")
            assert dns.query.udp(query, realm.address, port=10_053, timeout=5).answer
