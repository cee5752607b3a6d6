"""Service principal names: our own rules, beyond the worked rows of the Windows functions."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import socket
import time
from typing import Any

import pytest

from asyncauth._errors import AsyncAuthError, InvalidName
from asyncauth._spn import ServicePrincipalName, SpnKind, compose

HOST = "app1.example.test"
DN = "CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        pytest.param("class/host:", "fill it in", id="nothing after :"),
        pytest.param("class/:80", "fill it in", id="nothing before :"),
        pytest.param("class/host/", "fill it in", id="nothing after the second /"),
        pytest.param("class//name", "fill it in", id="nothing between"),
        pytest.param("class/ /name", "fill it in", id="only a blank"),
        pytest.param("class/\u3000", "fill it in", id="only a wide blank"),
        pytest.param("class/ host", "blank", id="blank before"),
        pytest.param("class/host/CN=x ", "blank", id="blank after"),
        pytest.param("class/host\n", "character", id="newline"),
        pytest.param("class/host\0.evil.test", "character", id="NUL"),
        pytest.param("class/host/CN=a\x7fb", "character", id="delete"),
        pytest.param("cl\x85ass/host", "character", id="C1 control"),
        pytest.param("class/host\u202etset", "character", id="direction override"),
        pytest.param("class/ho\ud800st", "character", id="lone surrogate"),
        pytest.param("http/host@EXAMPLE.TEST", "realm", id="realm after the host"),
        pytest.param("http/host:80@EXAMPLE.TEST", "realm", id="realm after the port"),
        pytest.param("ldap/dc1/example.test@EXAMPLE.TEST", "realm", id="realm after the service name"),
        pytest.param("svc@host/app1", "realm", id="@ and / mixed"),
        pytest.param("svc@host@EXAMPLE.TEST", "realm", id="GSS form with a realm"),
        pytest.param("svc@", "fill it in", id="GSS form without a host"),
        pytest.param("@host", "fill it in", id="GSS form without a service"),
    ],
)
def test_parse_refuses(text: str, fix: str) -> None:
    with pytest.raises(InvalidName) as caught:
        ServicePrincipalName.parse(text)
    assert fix in (caught.value.fix or "")
    assert repr(text.replace("@", "/", 1) if "/" not in text else text)[:150] in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_error_is_a_value_error_of_our_tree() -> None:
    with pytest.raises(ValueError, match="'class' has no host") as caught:
        ServicePrincipalName.parse("class")
    assert isinstance(caught.value, AsyncAuthError)


@pytest.mark.parametrize(
    "other",
    [
        f"ADSockAuth/{HOST}:2001/{DN}",
        f"ADSockAuth/{HOST}/{DN}".replace(",", ", "),
        f"ADSockAuth/{HOST}",
        f"ADSockAuth/app2.example.test/{DN}",
        f"Other/{HOST}/{DN}",
    ],
)
def test_other_names_are_not_equal(other: str) -> None:
    assert ServicePrincipalName.parse(f"ADSockAuth/{HOST}/{DN}") != ServicePrincipalName.parse(other)


def test_a_name_is_not_equal_to_its_text() -> None:
    assert ServicePrincipalName("http", HOST) != f"http/{HOST}"


def test_case_beyond_ascii_is_ignored() -> None:
    assert ServicePrincipalName("http", "h", service_name="CN=ÄÖ") == ServicePrincipalName(
        "HTTP", "H", service_name="cn=äö"
    )


def test_gss_form_is_normalised() -> None:
    assert str(ServicePrincipalName.parse(f"HTTP@{HOST}")) == f"HTTP/{HOST}"
    assert ServicePrincipalName.parse(f"http@{HOST}:8080").port == 8080


@pytest.mark.parametrize(
    ("text", "principal"),
    [
        ("a/b/c", "a/b/c@"),
        ("a/b:80", "a/b:80@"),
        ("a/b:INST", "a/b:INST@"),
        (r"a/b/CN=a\,b,DC=x", r"a/b/CN=a\\,b,DC=x@"),
        ("a/b/CN=a@b,DC=x", r"a/b/CN=a\@b,DC=x@"),
    ],
)
def test_principal_of_the_clients_own_realm(text: str, principal: str) -> None:
    assert ServicePrincipalName.parse(text).principal() == principal
    assert ServicePrincipalName.parse(text).principal("") == principal


def test_principal_escapes_the_realm() -> None:
    assert ServicePrincipalName("a", "b").principal("C=US/O=OSF") == r"a/b@C=US\/O=OSF"


@pytest.mark.parametrize("realm", [" ", " EXAMPLE.TEST", "EXAMPLE\n.TEST", "EX\0", "alice@EXAMPLE.TEST"])
def test_principal_refuses_what_is_no_realm(realm: str) -> None:
    with pytest.raises(InvalidName, match="is no realm"):
        ServicePrincipalName("a", "b").principal(realm)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"port": 0}, "out of range"),
        ({"port": -1}, "out of range"),
        ({"port": 65_536}, "out of range"),
        ({"instance": "555"}, "is a number"),
        ({"instance": "a:b"}, "holds ':'"),
        ({"instance": "a/b"}, "holds '/'"),
        ({"instance": ""}, "is blank"),
        ({"port": 1, "instance": "INST"}, "both a port and an instance"),
        ({"host": "h:80"}, "holds ':'"),
        ({"host": "h/n"}, "holds '/'"),
        ({"service_class": "a/b"}, "holds '/'"),
        ({"service_class": "a@b"}, "holds '@'"),
        ({"service_name": "a/b"}, "has no escape"),
        ({"service_name": "a@b"}, "no distinguished name"),
    ],
)
def test_fields_are_checked(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidName, match=message):
        ServicePrincipalName(**{"service_class": "class", "host": "host"} | fields)


def test_length_is_limited_to_65535_bytes_of_utf16() -> None:
    longest = "a/" + "h" * 32_765
    assert str(ServicePrincipalName.parse(longest)) == longest
    with pytest.raises(InvalidName, match="65535 bytes") as caught:
        ServicePrincipalName.parse(longest + "h")
    assert len(str(caught.value)) < 400
    with pytest.raises(InvalidName, match="65535 bytes"):
        ServicePrincipalName("a", "b", service_name="\N{GRINNING FACE}" * 16_383)


def test_hostile_text_costs_little() -> None:
    started = time.process_time()
    with pytest.raises(InvalidName):
        ServicePrincipalName.parse("a/b/" + "@" * 32_000)
    assert ServicePrincipalName.parse("a/b/" + "@" * 32_000 + "=").service_name
    assert time.process_time() - started < 0.5  # milliseconds; seconds if a rule backtracks


def test_an_address_without_referrer_stays_the_service_name() -> None:
    assert str(ServicePrincipalName.make("http", "192.0.2.7", HOST)) == f"http/{HOST}/192.0.2.7"


def test_referrer_of_an_ipv6_address() -> None:
    make = ServicePrincipalName.make
    assert str(make("http", "2001:db8::1", HOST, 0, "ref.example.test")) == f"http/{HOST}/ref.example.test"
    with pytest.raises(InvalidName, match="IPv6"):
        make("http", "2001:db8::1", None, 0, "ref.example.test")


def test_names_are_values() -> None:
    name = ServicePrincipalName.parse(f"ADSockAuth/{HOST}:2001/{DN}")
    with pytest.raises(dataclasses.FrozenInstanceError):
        name.host = "other"  # type: ignore[misc]
    assert not hasattr(name, "__dict__")
    assert copy.deepcopy(name) == pickle.loads(pickle.dumps(name)) == name  # noqa: S301
    assert dataclasses.replace(name, port=None).components == ("ADSockAuth", HOST, DN)


@pytest.mark.parametrize(
    ("machine", "kind", "text"),
    [
        ("App1.example.test", SpnKind.DNS_HOST, "http/App1.example.test"),
        ("app1.example.test", SpnKind.NB_HOST, "http/APP1"),
        ("app1", SpnKind.NB_HOST, "http/APP1"),
        ("a-very-long-host-name.example.test", SpnKind.NB_HOST, "http/A-VERY-LONG-HOS"),
    ],
)
def test_local_name_by_default(
    monkeypatch: pytest.MonkeyPatch, machine: str, kind: SpnKind, text: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: machine)
    assert [str(name) for name in compose(kind, "http")] == [text]


@pytest.mark.parametrize(
    ("machine", "kind", "fix"),
    [
        ("app1", SpnKind.DNS_HOST, "pass dns_host"),
        ("192.0.2.7", SpnKind.DNS_HOST, "pass dns_host"),
        ("192.0.2.7", SpnKind.NB_HOST, "pass netbios_host"),
    ],
)
def test_local_name_not_known(monkeypatch: pytest.MonkeyPatch, machine: str, kind: SpnKind, fix: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: machine)
    with pytest.raises(InvalidName, match=machine) as caught:
        compose(kind, "http")
    assert caught.value.fix == fix


def test_netbios_name_follows_the_dns_name_given() -> None:
    assert [str(name) for name in compose(SpnKind.NB_HOST, "http", dns_host=HOST)] == ["http/APP1"]


def test_local_name_never_waits_for_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> str:
        raise AssertionError("asked the resolver")

    for name in ("getfqdn", "gethostbyaddr", "gethostbyname", "getaddrinfo"):
        monkeypatch.setattr(socket, name, forbidden)
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)
    assert [str(name) for name in compose(SpnKind.DNS_HOST, "http")] == [f"http/{HOST}"]
