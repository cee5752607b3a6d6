"""publish, locate, connect by name, withdraw; SPNs on accounts."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from asyncauth.discovery import Change, Directory, Dns
from asyncauth.mechanisms import CredentialCache, Kerberos
from asyncauth.testing import SambaRealm, Service

from ._process import Cli, Inside, Running, parsed

Admin = tuple[str, str]


class Published:
    """A record under way."""

    def __init__(self, cli: Inside, admin: Admin, realm: SambaRealm, kind: str, name: str) -> None:
        self.cli, self.admin, self.kind = cli, admin, kind
        self.guid = str(uuid4())
        self.target = f"{kind}:{name}"
        above = (
            f"CN=Users,{realm.base_dn}" if kind == "scp" else f"CN=WinsockServices,CN=System,{realm.base_dn}"
        )
        self.dn = f"CN={name},{above}"
        self.spn = f"{name}Class/localhost/{self.dn}"
        self.key = ("--name", name, *(("--parent", above) if kind == "scp" else ("--class-guid", self.guid)))
        self.name = name

    def publish(self, port: int, account: str) -> list[dict[str, object]]:
        place = (
            ("--port", str(port), "--keyword", self.name, "--keyword", self.guid)
            if self.kind == "scp"
            else ("--address", f"127.0.0.1:{port}")
        )
        host = ("--service-class", f"{self.name}Class", "--host", "localhost")
        return self.cli.events(
            "publish", self.kind, *self.key, *host, *place, "--account", account, *self.admin
        )

    def withdraw(self, account: str) -> list[dict[str, object]]:
        return self.cli.events("withdraw", self.kind, *self.key, "--account", account, *self.admin)


@pytest.fixture(params=["scp", "rnr"])
def record(
    request: pytest.FixtureRequest, inside: Inside, admin: Admin, ad_realm: SambaRealm, name: str
) -> Published:
    return Published(inside, admin, ad_realm, request.param, name)


@pytest.fixture
def server(cli: Cli, service: Service) -> Running:
    return cli.serving("--keytab", service.keytab, "--echo")


def test_the_main_job(cli: Cli, inside: Inside, record: Published, server: Running, service: Service) -> None:
    with server:
        published, registered = record.publish(server.port, service.name)
        assert (published["dn"], published["spn"], published["state"]) == (record.dn, record.spn, "created")
        assert (registered["spn"], registered["account"], registered["changed"]) == (
            record.spn,
            service.name,
            True,
        )

        (found,) = cli.events("locate", record.target)
        assert (found["host"], found["port"], found["spn"], found["source"]) == (
            "localhost",
            server.port,
            record.spn,
            record.dn,
        )
        done = cli("connect", record.target, data=b"hello")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"hello", b"")
        assert (
            cli("connect", record.target, "--service-class", f"{record.name}Class", data=b"x").stdout == b"x"
        )
        assert server.event(1)["peer"] == "alice@EXAMPLE.TEST"

        assert record.publish(server.port, service.name)[0]["state"] == "unchanged"
        (withdrawn,) = record.withdraw(service.name)
        assert (withdrawn["dn"], withdrawn["spns"]) == (record.dn, [record.spn])
    reason, _ = inside.fails("locate", record.target)
    assert record.name in reason
    assert record.spn not in inside("spn", "list", service.name).stdout.decode()


def test_a_guid_and_a_changed_port(inside: Inside, record: Published, service: Service) -> None:
    record.publish(4001, service.name)
    assert record.publish(4002, service.name)[0]["state"] == "updated"
    (found,) = inside.events("locate", f"{record.kind}:{{{record.guid}}}", "--all")
    assert found["port"] == 4002
    record.withdraw(service.name)


def test_what_people_see(inside: Inside, record: Published, service: Service) -> None:
    record.publish(4003, service.name)
    lines = inside("locate", record.target).stdout.decode().splitlines()
    assert lines[0] == "localhost:4003"
    assert f"spn{record.spn}" in "".join(lines).replace(" ", "")
    record.withdraw(service.name)


def test_a_name_of_another_account_is_not_published(
    inside: Inside, record: Published, service: Service, impostor: Service, admin: Admin
) -> None:
    assert inside("spn", "add", record.spn, impostor.name, *admin).returncode == 0
    above = record.key[3]
    host = ("--service-class", f"{record.name}Class", "--host", "localhost", "--account", service.name)
    place = (
        ("--port", "1", "--keyword", record.name) if record.kind == "scp" else ("--address", "127.0.0.1:1")
    )
    done = inside("publish", record.kind, *record.key, *host, *place, *admin)
    assert above
    assert done.returncode == 1
    assert f"the SPN {record.spn} is on {impostor.dn}".encode() in done.stderr
    assert f"withdrawn again: {record.dn}".encode() in done.stdout
    inside.fails("locate", record.target)
    assert inside("spn", "remove", record.spn, impostor.name, *admin).returncode == 0


def test_what_is_not_there_cannot_be_withdrawn(inside: Inside, record: Published, admin: Admin) -> None:
    reason, _ = inside.fails("withdraw", record.kind, *record.key, *admin)
    assert record.name in reason
    assert "is not published" in reason


def test_only_an_administrator_publishes(inside: Inside, record: Published) -> None:
    host = ("--service-class", "Echo", "--host", "localhost")
    place = (
        ("--port", "1", "--keyword", record.name) if record.kind == "scp" else ("--address", "127.0.0.1:1")
    )
    _, fix = inside.fails("publish", record.kind, *record.key, *host, *place)
    assert fix == "ask a domain administrator for the right"


def test_under_a_computer_with_rights_for_the_service(
    inside: Inside, ad_realm: SambaRealm, admin: Admin, service: Service, name: str
) -> None:
    computer = ad_realm.add_computer(name.upper())
    key = ("--name", name, "--computer", computer.name)
    rest = ("--service-class", "Echo", "--host", "localhost", "--keyword", name, "--account", service.name)
    events = inside.events("publish", "scp", *key, *rest, "--port", "4010", "--grant", *admin)
    assert [event["event"] for event in events] == ["published", "registered", "granted"]
    assert events[0]["dn"] == f"CN={name},{computer.dn}"
    own = ("--keytab", service.keytab, "--principal", service.principal)
    update = inside.events("publish", "scp", *key, *rest[:6], "--port", "4011", *own)
    assert update[0]["state"] == "updated"
    inside.events("withdraw", "scp", *key, "--account", service.name, *admin)


def test_by_srv_record(cli: Cli, ad_realm: SambaRealm, service: Service, admin: Admin, name: str) -> None:
    host = f"{name}.example.test"
    ad_realm.add_host(host, "127.0.0.1")
    with cli.serving("--keytab", service.keytab, "--echo") as server:
        ad_realm.add_srv(f"_{name}._tcp.example.test", host, server.port)
        assert cli("spn", "add", f"Echo/{host}", service.name, *admin).returncode == 0
        done = cli("connect", f"srv:_{name}._tcp.example.test", "--service-class", "Echo", data=b"hello")
    assert (done.returncode, done.stdout) == (0, b"hello")


def test_a_connection_point_that_leads_to_srv_records(
    cli: Cli, inside: Inside, ad_realm: SambaRealm, service: Service, admin: Admin, name: str
) -> None:
    host, owner = f"{name}.example.test", f"_{name}._tcp.example.test"
    key = ("--name", name, "--parent", f"CN=Users,{ad_realm.base_dn}")
    rest = ("--service-class", "Echo", "--host", owner, "--srv", "--keyword", name)
    (published,) = inside.events("publish", "scp", *key, *rest, *admin)
    assert published["spn"] is None
    inside.events("spn", "add", f"Echo/{host}/{published['dn']}", service.name, *admin)
    ad_realm.add_host(host, "127.0.0.1")
    with cli.serving("--keytab", service.keytab, "--echo") as server:
        ad_realm.add_srv(owner, host, server.port)
        done = cli("connect", f"scp:{name}", data=b"hello")
    assert (done.returncode, done.stdout) == (0, b"hello"), done.stderr
    (withdrawn,) = inside.events("withdraw", "scp", *key, "--account", service.name, *admin)
    assert withdrawn["spns"] == [f"Echo/{host}/{published['dn']}"]


class TestSpn:
    def test_add_list_check_remove(self, inside: Inside, admin: Admin, service: Service, name: str) -> None:
        spn = f"Echo/{name}"
        (added,) = inside.events("spn", "add", spn, service.name, *admin)
        assert added == {"event": "registered", "spn": spn, "account": service.name, "changed": True}
        assert inside.events("spn", "add", spn, service.name, *admin)[0]["changed"] is False
        assert spn in [event["spn"] for event in inside.events("spn", "list", service.name)]
        (checked,) = inside.events("spn", "check", spn)
        assert (checked["holders"], checked["unique"]) == ([service.dn], True)
        assert inside("spn", "check", spn).stdout.decode() == f"{service.dn}\n"
        assert inside.events("spn", "remove", spn, service.name, *admin)[0]["event"] == "removed"
        reason, _ = inside.fails("spn", "check", spn)
        assert reason == f"no account of the forest holds {spn}"
        reason, _ = inside.fails("spn", "remove", spn, service.name, *admin)
        assert reason == f"{service.name} has no SPN {spn}"

    def test_a_duplicate_is_refused(
        self, inside: Inside, admin: Admin, service: Service, impostor: Service
    ) -> None:
        reason, _ = inside.fails("spn", "add", "Echo/localhost", impostor.name, *admin)
        assert f"is on {service.dn}" in reason

    def test_two_holders(
        self, inside: Inside, admin: Admin, service: Service, ad_realm: SambaRealm, name: str
    ) -> None:
        """A user principal name that reads like the SPN goes before it at the KDC."""
        spn = f"Echo/{name}"
        inside.events("spn", "add", spn, service.name, *admin)
        bob = f"CN=bob,CN=Users,{ad_realm.base_dn}"

        async def shadow(*names: str) -> None:
            boss = Kerberos(CredentialCache(admin[1]))
            async with Directory(ad_realm.domain, boss, dns=Dns(ad_realm.nameserver)) as directory:
                await directory.modify(bob, [Change("replace", "userPrincipalName", names)])

        anyio.run(shadow, spn)
        done = inside("spn", "check", spn, "--json")
        anyio.run(shadow, "bob@example.test")
        assert done.returncode == 1
        holders, failed = parsed(done.stdout)
        assert (holders["holders"], holders["unique"]) == ([bob, service.dn], False)
        assert failed["reason"] == f"2 accounts hold {spn}, so no client can use it"

    def test_no_such_account(self, inside: Inside) -> None:
        reason, _ = inside.fails("spn", "list", "nosuchaccount")
        assert "no account 'nosuchaccount'" in reason

    def test_no_right(self, inside: Inside, service: Service) -> None:
        _, fix = inside.fails("spn", "add", "Echo/noright", service.name)
        assert "administrator" in fix

    def test_no_spn(self, inside: Inside, service: Service) -> None:
        reason, _ = inside.fails("spn", "add", "nonsense", service.name)
        assert "'nonsense' has no host" in reason


def test_the_domain_comes_from_the_default_realm(inside: Inside, service: Service) -> None:
    done = inside("spn", "list", service.name, ASYNCAUTH_DOMAIN="")
    assert b"Echo/localhost" in done.stdout


def test_a_controller_by_name_and_address(inside: Inside, ad_realm: SambaRealm, service: Service) -> None:
    where = f"{ad_realm.controller}={ad_realm.address}"
    done = inside("spn", "list", service.name, "--dc", where, ASYNCAUTH_NAMESERVER="127.0.0.2:1")
    assert b"Echo/localhost" in done.stdout, done.stderr


def test_a_password_file_for_the_directory(inside: Inside, ad_realm: SambaRealm, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(ad_realm.users["bob"].password)
    options = ("--principal", "bob@EXAMPLE.TEST", "--password-file", tmp_path / "password")
    assert inside("spn", "list", "dc1$", *options, KRB5CCNAME="FILE:/-").returncode == 0
