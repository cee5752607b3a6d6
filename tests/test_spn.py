"""Service principal names: the worked rows of the Windows functions, one by one.

Rows, by number, that are not here:

- 9 (DsMakeSpn with a buffer that is too small): Python text has no buffer to overflow, nothing to test.
- 37 to 40 (DsWriteAccountSpn, DsServerRegisterSpn repeated): writes to the directory; the discovery tests
  have them. Row 36 is here as far as it composes names, there as far as it writes them.
- 50 (DsClientMakeSpnForTargetServer): documentation and behaviour contradict each other; not imitated.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from asyncauth._errors import InvalidName
from asyncauth._spn import CrackedName, ServicePrincipalName, SpnKind, compose, host_spns

HOST = "app1.example.test"
DN = "CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test"
RNR = "cn=WinSockRnRSampleService,cn=WinsockServices,cn=System,DC=example,DC=test"
HRDB = "CN=hrdb,OU=mktg,DC=example,DC=com"
GUID = "a762885a-aa44-11d2-81f1-00c04fb9624e"
REPLICATION = "E3514235-4B06-11D1-AB04-00C04FC2DCD2"


def row(number: str, *values: object) -> Any:
    return pytest.param(*values, id=f"row {number}")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        row("3", ("class", "host"), "class/host"),
        row("4", ("class", "host", "instance"), "class/instance/host"),
        row("5", ("class", "host", "instance", 555), "class/instance:555/host"),
        row("6", ("class", "host", "instance", 555, "referrer"), "class/instance:555/host"),
        row("7", ("class", "host", None, 555, "referrer"), "class/host:555"),
        row("10", ("ADSockAuth", DN, HOST), f"ADSockAuth/{HOST}/{DN}"),
        row("11", ("ADSockAuth", DN, HOST, 2001), f"ADSockAuth/{HOST}:2001/{DN}"),
        row("13", ("ftp", HOST), f"ftp/{HOST}"),
        row(
            "14",
            ("ADSockAuth", "192.0.2.7", None, 2000, "ref.example.test"),
            "ADSockAuth/192.0.2.7:2000/ref.example.test",
        ),
        row(
            "15",
            ("ADSockAuth", "192.0.2.7", HOST, 0, "ref.example.test"),
            f"ADSockAuth/{HOST}/ref.example.test",
        ),
        row("17", ("MyDBService", HRDB, "host1.example.com"), f"MyDBService/host1.example.com/{HRDB}"),
        row("18", ("MyDBService", HRDB, "host1"), f"MyDBService/host1/{HRDB}"),
        row("19", ("ldap", "fabrikam.com", "dc-01.fabrikam.com"), "ldap/dc-01.fabrikam.com/fabrikam.com"),
        row("20", ("GC", "contoso.com", "dc1.contoso.com"), "GC/dc1.contoso.com/contoso.com"),
        row("21", (REPLICATION, "contoso.com", GUID), f"{REPLICATION}/{GUID}/contoso.com"),
        row("22", ("ldap", "host.example.test", None, 50000), "ldap/host.example.test:50000"),
        row("23", ("ADSockAuth", RNR, HOST), f"ADSockAuth/{HOST}/{RNR}"),
        row("24", ("ADSockAuth", GUID, HOST), f"ADSockAuth/{HOST}/{GUID}"),
    ],
)
def test_make(arguments: tuple[Any, ...], text: str) -> None:
    name = ServicePrincipalName.make(*arguments)
    assert str(name) == text
    assert dataclasses.astuple(ServicePrincipalName.parse(text)) == dataclasses.astuple(name)


@pytest.mark.parametrize(
    ("arguments", "code", "fix"),
    [
        row("1", (None, None), "ERROR_INVALID_PARAMETER", "give both"),
        row("2", (None, "host"), "ERROR_INVALID_PARAMETER", "give both"),
        row("8", ("class", None, "instance"), "ERROR_INVALID_PARAMETER", "give both"),
        row("12", ("ADSockAuth", DN), None, "instance_name"),
        row("16", ("a/b", "h"), None, "no escape"),
    ],
)
def test_make_refuses(arguments: tuple[Any, ...], code: str | None, fix: str) -> None:
    with pytest.raises(InvalidName) as caught:
        ServicePrincipalName.make(*arguments)
    assert caught.value.code == code
    assert fix in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("kind", "arguments", "texts"),
    [
        row("25", SpnKind.SERVICE, ("ADSockAuth", DN), [f"ADSockAuth/{HOST}/{DN}"]),
        row("26", SpnKind.DNS_HOST, ("http",), [f"http/{HOST}"]),
        row("26 DN_HOST", SpnKind.DN_HOST, ("http",), [f"http/{HOST}"]),
        row("27", SpnKind.NB_HOST, ("http",), ["http/APP1"]),
        row("28", SpnKind.DNS_HOST, ("http", None, 8080), [f"http/{HOST}:8080"]),
        row(
            "30",
            SpnKind.SERVICE,
            ("MyDBService", HRDB, 0, [f"host{n}.example.com" for n in (1, 2, 3)]),
            [f"MyDBService/host{n}.example.com/{HRDB}" for n in (1, 2, 3)],
        ),
        row(
            "31",
            SpnKind.SERVICE,
            ("X", DN, 0, ["app1", "app1"], [2001, 2002]),
            [f"X/app1:2001/{DN}", f"X/app1:2002/{DN}"],
        ),
        row("31 port 0", SpnKind.SERVICE, ("X", DN, 0, ["a", "b"], [0, 7]), [f"X/a/{DN}", f"X/b:7/{DN}"]),
        row("32", SpnKind.DOMAIN, ("X", "example.test"), [f"X/{HOST}/example.test"]),
        row("33", SpnKind.NB_DOMAIN, ("X", "example.test"), ["X/APP1/example.test"]),
        row("35", SpnKind.DNS_HOST, ("X", None, 99, ["h"], None), ["X/h"]),
        row("35 no instances", SpnKind.DNS_HOST, ("X", None, 99, [], [1, 2]), [f"X/{HOST}:99"]),
    ],
)
def test_compose(kind: SpnKind, arguments: tuple[Any, ...], texts: list[str]) -> None:
    names = compose(kind, *arguments, dns_host=HOST, netbios_host="APP1")
    assert [str(name) for name in names] == texts


@pytest.mark.parametrize(
    ("kind", "arguments", "code"),
    [
        row("29", SpnKind.DNS_HOST, ("http", "x"), "ERROR_INVALID_PARAMETER"),
        row("29 DN_HOST", SpnKind.DN_HOST, ("http", "x"), "ERROR_INVALID_PARAMETER"),
        row("29 NB_HOST", SpnKind.NB_HOST, ("http", ""), "ERROR_INVALID_PARAMETER"),
        row("34", SpnKind.SERVICE, ("X", ""), "ERROR_DS_BAD_NAME_SYNTAX"),
        row("34 NULL", SpnKind.DOMAIN, ("X", None), "ERROR_INVALID_PARAMETER"),
        row("31 ports", SpnKind.SERVICE, ("X", DN, 0, ["a", "b"], [1]), "ERROR_INVALID_PARAMETER"),
    ],
)
def test_compose_refuses(kind: SpnKind, arguments: tuple[Any, ...], code: str) -> None:
    with pytest.raises(InvalidName) as caught:
        compose(kind, *arguments, dns_host=HOST, netbios_host="APP1")
    assert caught.value.code == code
    assert caught.value.fix


def test_kinds_have_the_documented_values() -> None:
    assert [kind.value for kind in SpnKind] == [0, 1, 2, 3, 4, 5]
    assert SpnKind(5) is SpnKind.SERVICE


def test_row_36_names_of_a_host() -> None:
    assert list(map(str, host_spns("ADSockAuth", HOST, "APP1"))) == [f"ADSockAuth/{HOST}", "ADSockAuth/APP1"]
    assert list(map(str, host_spns("http", "localhost", "LOCALHOST"))) == ["http/localhost"]


@pytest.mark.parametrize(
    ("text", "cracked"),
    [
        row("41", "class/host", ("class", "host", "host", 0)),
        row("42", "class/instance:555/host", ("class", "host", "instance", 555)),
    ],
)
def test_cracked(text: str, cracked: tuple[str, str, str, int]) -> None:
    name = ServicePrincipalName.parse(text).cracked()
    assert isinstance(name, CrackedName)
    assert name == cracked
    assert (name.service_class, name.service_name, name.instance_name, name.port) == cracked


def test_row_43_instance_name() -> None:
    name = ServicePrincipalName.parse("MSSQLSvc/db.example.test:INST1")
    assert (name.host, name.port, name.instance) == ("db.example.test", None, "INST1")
    assert str(name) == "MSSQLSvc/db.example.test:INST1"
    with pytest.raises(InvalidName, match="INST1") as caught:
        name.cracked()
    assert caught.value.code == "ERROR_INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        row("12", f"ADSockAuth/{DN}", "DNS name"),
        row("44 class", "class", "write class/host"),
        row("44 class/", "class/", "fill it in"),
        row("44 /host", "/host", "fill it in"),
        row("44 empty", "", "write class/host"),
        row("45", "a/b/c/d", "objectGUID"),
        row("45 DN with /", "ADSockAuth/app1/CN=in/out,DC=example,DC=test", "objectGUID"),
        row("46 zero", "class/host:0", "1 to 65535"),
        row("46 too large", "class/host:65536", "1 to 65535"),
        row("46 leading zero", "class/host:080", "leading zeros"),
        row("46 endless", "class/host:" + "9" * 5000, "1 to 65535"),
        row("47", "class/[2001:db8::1]:2000", "DNS name"),
        row("47 bare", "class/2001:db8::1", "DNS name"),
    ],
)
def test_parse_refuses(text: str, fix: str) -> None:
    with pytest.raises(InvalidName) as caught:
        ServicePrincipalName.parse(text)
    assert fix in (caught.value.fix or "")
    assert repr(text)[:150] in str(caught.value)


def test_row_48_case_is_ignored_and_kept() -> None:
    one, other = map(ServicePrincipalName.parse, ("adsockauth/APP1.Example.Test", f"ADSockAuth/{HOST}"))
    assert one == other
    assert hash(one) == hash(other)
    assert str(one) == "adsockauth/APP1.Example.Test"
    assert len({one, other}) == 1


def test_row_49_principal() -> None:
    name = ServicePrincipalName("ADSockAuth", HOST, service_name=DN)
    assert name.principal("EXAMPLE.TEST") == f"ADSockAuth/{HOST}/{DN}@EXAMPLE.TEST"
