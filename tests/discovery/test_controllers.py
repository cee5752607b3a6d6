"""Which directory server is asked, in which order and for how long; servers and DNS are made up."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from asyncauth import _errors
from asyncauth.discovery import Dns, SrvRecord
from asyncauth.discovery._controllers import Controller, Controllers
from asyncauth.discovery._deadline import Deadline
from asyncauth.discovery._pool import Key
from asyncauth.mechanisms import Kerberos

DOMAIN, FOREST = Key("example.test", catalogue=False), Key("example.test", catalogue=True)


class FakeDns(Dns):
    """Two controllers, always in the same order."""

    def __init__(self, *hosts: str) -> None:
        super().__init__()
        self.hosts = hosts
        self.asked: list[str] = []

    def srv_now(self, name: str, seconds: float) -> list[SrvRecord]:
        self.asked.append(name)
        return [SrvRecord(0, 0, 389, host) for host in self.hosts]


class Servers:
    """Opens sessions, or fails to, as told; keeps who was tried."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
        self.dns = FakeDns(*hosts)
        self.controllers = Controllers(Kerberos(), self.dns, {})
        self.failing: dict[str, Exception] = {}
        self.tried: list[tuple[str, float]] = []
        monkeypatch.setattr(self.controllers, "_open", self._open)

    def _open(self, key: Key, controller: Controller, deadline: Deadline) -> Any:
        self.tried.append((controller.host, deadline.left()))
        if controller.host in self.failing:
            raise self.failing[controller.host]
        return SimpleNamespace(place=SimpleNamespace(host=controller.host))

    def ask(self, key: Key = DOMAIN) -> list[str]:
        """The hosts tried for one session."""
        self.tried.clear()
        self.controllers(key, Deadline(10, "testing"))
        return [host for host, _ in self.tried]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    return Servers(monkeypatch, "dc1.example.test", "dc2.example.test")


def test_names_of_ad(servers: Servers) -> None:
    servers.ask()
    servers.ask(FOREST)
    assert servers.dns.asked == ["_ldap._tcp.dc._msdcs.example.test", "_gc._tcp.example.test"]


def test_who_served_last_is_first(servers: Servers) -> None:
    servers.failing["dc1.example.test"] = _errors.DirectoryError("down")
    assert servers.ask() == ["dc1.example.test", "dc2.example.test"]
    servers.failing.clear()
    assert servers.ask() == ["dc2.example.test"]
    assert servers.ask(FOREST) == ["dc1.example.test"]


@pytest.mark.parametrize(
    "error",
    [
        _errors.DirectoryError("down"),
        _errors.ServiceNotFound("no address"),
        _errors.TargetError("no such name"),
        _errors.ProtectionError("no encryption"),
    ],
)
def test_another_is_tried_for_what_is_the_servers_fault(servers: Servers, error: Exception) -> None:
    servers.failing["dc1.example.test"] = error
    assert servers.ask()[-1] == "dc2.example.test"
    servers.failing["dc2.example.test"] = _errors.DirectoryError("down too")
    with pytest.raises(type(error), match=str(error)):
        servers.ask()
    assert [host for host, _ in servers.tried] == ["dc2.example.test", "dc1.example.test"]


def test_our_own_fault_is_told_at_once(servers: Servers) -> None:
    servers.failing["dc1.example.test"] = _errors.CredentialError("no ticket")
    with pytest.raises(_errors.CredentialError):
        servers.ask()
    assert len(servers.tried) == 1


def test_each_has_its_share_of_the_time(servers: Servers) -> None:
    servers.failing["dc1.example.test"] = _errors.DirectoryError("silent")
    servers.ask()
    assert 4 < servers.tried[0][1] <= 5
    assert 9 < servers.tried[1][1] <= 10


def test_not_more_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [f"dc{number}.example.test" for number in range(20)]
    servers = Servers(monkeypatch, *hosts)
    servers.failing = dict.fromkeys(hosts, _errors.DirectoryError("down"))
    with pytest.raises(_errors.DirectoryError, match="down"):
        servers.ask()
    assert len(servers.tried) == 6


def test_when_the_time_is_up_nobody_is_tried(servers: Servers) -> None:
    deadline = Deadline(0.01, "looking for a controller")
    time.sleep(0.02)
    with pytest.raises(_errors.DirectoryError, match="no answer within"):
        servers.controllers(DOMAIN, deadline)
    assert not servers.tried


def test_an_empty_answer_of_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(_errors.DirectoryError):
        Servers(monkeypatch).ask()
