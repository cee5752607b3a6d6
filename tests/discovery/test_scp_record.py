"""Service connection points as values: what is published, and what is made of an entry."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import _errors
from asyncauth.discovery import Entry, ServiceConnectionPoint
from asyncauth.discovery._scp_record import location

GUID = uuid.UUID("a762885a-aa44-11d2-81f1-00c04fb9624e")
PARENT = "CN=APP1,CN=Computers,DC=example,DC=test"


def point(**more: Any) -> ServiceConnectionPoint:
    values: dict[str, Any] = {
        "name": "SockAuthAD",
        "parent": PARENT,
        "service_class": "ADSockAuth",
        "host": "app1.example.test",
        "port": 2000,
        "keywords": (str(GUID), "Auth-O-Matic"),
    }
    return ServiceConnectionPoint(**{**values, **more})


def entry(**more: Sequence[bytes]) -> Entry:
    values: Mapping[str, Sequence[bytes]] = {
        "objectClass": [b"top", b"serviceConnectionPoint"],
        "serviceClassName": [b"ADSockAuth"],
        "serviceDNSName": [b"app1.example.test"],
        "serviceDNSNameType": [b"A"],
        "serviceBindingInformation": [b"2000"],
    }
    return Entry(f"CN=SockAuthAD,{PARENT}", {**values, **more})


def test_what_is_published() -> None:
    assert point().attributes == {
        "serviceClassName": ("ADSockAuth",),
        "serviceDNSName": ("app1.example.test",),
        "serviceDNSNameType": ("A",),
        "serviceBindingInformation": ("2000",),
        "keywords": (str(GUID), "Auth-O-Matic"),
    }
    assert point(extra={"vendor": ("Fabrikam",)}).attributes["vendor"] == ("Fabrikam",)
    assert point(dns_name_type="SRV", port=None).attributes["serviceBindingInformation"] == ()


def test_where_it_stands() -> None:
    assert point(name="a,b").dn == f"CN=a\\,b,{PARENT}"
    assert point().base == point().dn
    assert point(guid=GUID).base == f"<GUID={GUID}>"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": " "}, "has no name"),
        ({"parent": ""}, "has no parent"),
        ({"service_class": ""}, "has no service_class"),
        ({"host": ""}, "has no host"),
        ({"port": None}, "has no port"),
        ({"port": 0}, "the port 0"),
        ({"port": 65_536}, "the port 65536"),
        ({"keywords": ()}, "keywords"),
        ({"keywords": ("",)}, "keywords"),
        ({"keywords": ("x" * 257,)}, "keywords"),
        ({"dns_name_type": "MX"}, "'MX'"),
        ({"extra": {"KeyWords": ("x",)}}, "KeyWords"),
    ],
)
def test_what_no_client_could_use_is_not_published(more: dict[str, Any], said: str) -> None:
    with pytest.raises(_errors.MalformedRecord, match=said) as caught:
        point(**more)
    assert caught.value.fix


def test_reading_an_entry() -> None:
    found = location(entry())
    assert (found.service_class, found.host, found.ports, found.srv) == (
        "ADSockAuth", "app1.example.test", (2000,), False,
    )  # fmt: skip
    assert location(entry(serviceDNSNameType=[])).srv is False
    assert location(entry(serviceDNSName=[b"App1.Example.Test. "])).host == "App1.Example.Test"
    assert location(entry(serviceClassName=[])).service_class is None


def test_srv_needs_no_port() -> None:
    found = location(entry(serviceDNSNameType=[b"srv"], serviceBindingInformation=[]))
    assert found.srv
    assert found.ports == ()


def test_what_else_is_in_the_binding_information_does_not_matter() -> None:
    values = [b"priority=1", b" 2001 ", b"2000", b"99999", b"0"]
    assert location(entry(serviceBindingInformation=values)).ports == (2000, 2001)


@pytest.mark.parametrize(
    ("more", "attribute"),
    [
        ({"objectClass": [b"container"]}, "objectClass"),
        ({"serviceDNSName": []}, "serviceDNSName"),
        ({"serviceDNSName": [b" . "]}, "serviceDNSName"),
        ({"serviceDNSName": [b"\xff"]}, "serviceDNSName"),
        ({"serviceDNSName": [b"app1\nforged line"]}, "serviceDNSName"),
        ({"serviceDNSNameType": [b"MX"]}, "serviceDNSNameType"),
        ({"serviceBindingInformation": []}, "serviceBindingInformation"),
        ({"serviceBindingInformation": [b"http"]}, "serviceBindingInformation"),
        ({"serviceBindingInformation": [b"-1"]}, "serviceBindingInformation"),
        ({"serviceBindingInformation": [b"0"]}, "serviceBindingInformation"),
        ({"serviceBindingInformation": [b"65536"]}, "serviceBindingInformation"),
        ({"serviceBindingInformation": ["\u0662\u0660\u0660\u0660".encode()]}, "serviceBindingInformation"),
        ({"serviceBindingInformation": [b"2000; rm"]}, "serviceBindingInformation"),
    ],
)
def test_an_unusable_entry_is_named_with_its_attribute(more: dict[str, Any], attribute: str) -> None:
    with pytest.raises(_errors.MalformedRecord, match=attribute) as caught:
        location(entry(**more))
    assert f"CN=SockAuthAD,{PARENT}" in str(caught.value)
    assert caught.value.fix


@given(
    st.dictionaries(st.sampled_from(sorted(entry().attributes)), st.lists(st.binary(max_size=12), max_size=3))
)
def test_any_entry_is_read_or_refused(values: dict[str, list[bytes]]) -> None:
    try:
        found = location(entry(**values))
    except _errors.MalformedRecord:
        return
    assert found.host
    assert found.srv or all(1 <= port <= 65_535 for port in found.ports)
