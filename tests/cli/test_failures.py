"""What bad input gets: exit codes, the reason with the names concerned, and what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from asyncauth.discovery import Directory, Dns
from asyncauth.mechanisms import CredentialCache, Kerberos
from asyncauth.testing import SambaRealm, Service

from ._process import Cli, Inside, Running

SPN = "Echo/localhost"


@pytest.fixture(scope="module")
def server(cli: Cli, service: Service) -> Iterator[Running]:
    with cli.serving("--keytab", service.keytab, "--echo") as running:
        yield running


@pytest.fixture
def nobody() -> str:
    """A place where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("content", [None, b"", b"no keytab"])
def test_a_server_without_a_key_fails_at_its_start(cli: Cli, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "svc.keytab"
    if content is not None:
        path.write_bytes(content)
    reason, fix = cli.fails("serve", "--listen", "127.0.0.1:0", "--keytab", path, "--echo")
    assert f"the keytab {path} " in reason
    assert "klist -k" in fix


def test_the_default_keytab_is_named_too(cli: Cli, ad_realm: SambaRealm) -> None:
    reason, _ = cli.fails("serve", "--listen", "127.0.0.1:0", "--echo")
    assert f"{ad_realm.directory}/krb5.keytab" in reason


def test_a_keytab_without_the_spn_asked_for(cli: Cli, service: Service) -> None:
    arguments = ("--listen", "127.0.0.1:0", "--echo", "--keytab", service.keytab)
    reason, _ = cli.fails("serve", *arguments, "--spn", "Echo/elsewhere")
    assert reason == f"the keytab {service.keytab} has no entry for Echo/elsewhere"


def test_a_port_that_is_taken(cli: Cli, service: Service, server: Running) -> None:
    place = f"127.0.0.1:{server.port}"
    reason, _ = cli.fails("serve", "--listen", place, "--keytab", service.keytab, "--echo")
    assert f"cannot listen on {place}" in reason


def test_failing_with_json_is_an_event_too(cli: Cli) -> None:
    done = cli("serve", "--json", "--listen", "127.0.0.1:0", "--keytab", "/nonexistent", "--echo")
    assert done.returncode == 1
    assert b'"event": "failed"' in done.stdout
    assert done.stdout.count(b"\n") == 1
    assert done.stderr.startswith(b"asyncauth: the keytab /nonexistent")


def test_a_service_the_kdc_does_not_know(cli: Cli, server: Running) -> None:
    reason, fix = cli.fails("connect", server.place, "--spn", "Echo/unknown.example.test")
    assert "the KDC does not know the service Echo/unknown.example.test" in reason
    assert "register this SPN" in fix


def test_nobody_listens(cli: Cli, nobody: str) -> None:
    reason, fix = cli.fails("connect", nobody, "--spn", SPN)
    assert reason.startswith(f"cannot connect to 127.0.0.1 port {nobody.rpartition(':')[2]} for {SPN}")
    assert "see whether the service runs" in fix


def test_no_ticket(cli: Cli, server: Running) -> None:
    reason, fix = cli.fails("connect", server.place, "--spn", SPN, KRB5CCNAME="FILE:/nonexistent")
    assert "there is no ticket" in reason
    assert "FILE:/nonexistent" in reason
    assert "kinit" in fix


def test_a_wrong_password(cli: Cli, server: Running, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2-is-wrong")
    options = ("--principal", "alice", "--password-file", tmp_path / "password")
    reason, _ = cli.fails("connect", server.place, "--spn", SPN, *options)
    assert "the KDC refused the password of alice" in reason
    assert "hunter2" not in reason


def test_a_password_file_that_is_not_there(cli: Cli, server: Running) -> None:
    options = ("--principal", "alice", "--password-file", "/nonexistent")
    reason, _ = cli.fails("connect", server.place, "--spn", SPN, *options)
    assert reason == "the password file /nonexistent cannot be read: No such file or directory"


def test_an_impostor_without_the_key(cli: Cli, impostor: Service) -> None:
    with cli.serving("--keytab", impostor.keytab, "--echo", "--framing", "winsock") as server:
        done = cli("connect", server.place, "--spn", SPN, "--framing", "winsock", data=b"secret")
        event = server.event(1)
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"the server does not hold the key of {SPN}".encode() in done.stderr
    assert event["event"] == "refused"
    assert f"the keytab {impostor.keytab}" in event["reason"]


def test_less_protection_than_required(cli: Cli, server: Running) -> None:
    reason, _ = cli.fails("connect", server.place, "--spn", SPN, "--require", "sign")
    assert "requires more protection" in reason


def test_another_framing(cli: Cli, server: Running) -> None:
    reason, fix = cli.fails("connect", server.place, "--spn", SPN, "--framing", "winsock")
    assert SPN in reason
    assert "framing" in fix


def test_a_refused_client_is_an_event_with_a_reason(cli: Cli, service: Service) -> None:
    with cli.serving("--keytab", service.keytab, "--echo") as server:
        with socket.create_connection(("127.0.0.1", server.port)) as stranger:
            stranger.sendall(b"GET / HTTP/1.0\r\n\r\n")
        refused = server.event(1)
    assert refused["event"] == "refused"
    assert "not MS-NNS" in refused["reason"]


def test_a_directory_that_cannot_be_reached(inside: Inside) -> None:
    reason, fix = inside.fails("locate", "scp:anything", "--dc", "dc1.example.test=127.0.0.2")
    assert "the directory server dc1.example.test (127.0.0.2, port 389) cannot be reached" in reason
    assert "controller runs" in fix


def test_a_name_server_that_does_not_answer(inside: Inside, nobody: str) -> None:
    reason, fix = inside.fails("locate", "scp:anything", "--nameserver", nobody, "--timeout", "1")
    assert "_ldap._tcp.dc._msdcs.example.test" in reason
    assert "--timeout" in fix


def test_a_domain_that_does_not_exist(inside: Inside) -> None:
    reason, fix = inside.fails("locate", "scp:anything", "--domain", "nowhere.test")
    assert "no directory server of nowhere.test can be found" in reason
    assert "--dc" in fix


def test_no_domain_at_all(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "krb5.conf").write_text("[libdefaults]\n dns_lookup_realm = false\n")
    reason, fix = inside.fails(
        "locate", "scp:anything", ASYNCAUTH_DOMAIN="", KRB5_CONFIG=str(tmp_path / "krb5.conf")
    )
    assert "domain is not known" in reason
    assert "--domain" in fix


@pytest.mark.parametrize(
    "target", ["scp:no-such-keyword", "rnr:NoSuchService", "srv:_nosuch._tcp.example.test"]
)
@pytest.mark.parametrize("command", ["locate", "connect"])
def test_no_such_service(inside: Inside, command: str, target: str) -> None:
    reason, _ = inside.fails(command, target)
    assert target.partition(":")[2].partition(".")[0] in reason


@pytest.mark.parametrize(
    ("attribute", "value", "complaint"),
    [
        ("serviceBindingInformation", "http", "serviceBindingInformation has no port between 1 and 65535"),
        ("serviceBindingInformation", "70000", "it is '70000'"),
        ("serviceDNSName", None, "serviceDNSName names no host"),
    ],
)
def test_a_malformed_connection_point(
    inside: Inside, ad_realm: SambaRealm, name: str, attribute: str, value: str | None, complaint: str
) -> None:
    dn = f"CN={name},CN=Users,{ad_realm.base_dn}"
    attributes = {
        "serviceClassName": "Echo",
        "serviceDNSName": "localhost",
        "serviceBindingInformation": "4242",
        "keywords": name,
        attribute: value,
    }

    async def damage() -> None:
        boss = Kerberos(CredentialCache(ad_realm.ticket("administrator")))
        async with Directory(ad_realm.domain, boss, dns=Dns(ad_realm.nameserver)) as directory:
            present = {key: (text,) for key, text in attributes.items() if text is not None}
            assert await directory.add(dn, {"objectClass": ("serviceConnectionPoint",), **present})

    anyio.run(damage)
    done = inside("locate", f"scp:{name}")
    assert done.returncode == 1
    reason, fix = done.stderr.decode().splitlines()[-2:]
    assert f"the service connection point {dn} cannot be used: " in reason
    assert complaint in reason
    assert "publish itself anew" in fix


def test_a_silent_realm_ends_in_time(cli: Cli, ad_realm: SambaRealm, server: Running) -> None:
    ad_realm.pause()
    try:
        reason, _ = cli.fails("connect", server.place, "--spn", "Echo/other", "--timeout", "1")
    finally:
        ad_realm.resume()
    assert "was not done after 1 s" in reason
