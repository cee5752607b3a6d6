"""Distinguished names and filter values: any text survives; filters are read by ldap3 as it is set up here."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth.discovery._dn import (
    domain_dn,
    domain_of,
    escape_filter,
    escape_rdn,
    guid_base,
    in_domain,
    parent_of,
    rdn_value,
    same_dn,
    same_host,
    split_dn,
)
from asyncauth.discovery._ldap import encoded_filter

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(text)
def test_any_value_survives_in_a_dn(value: str) -> None:
    dn = f"CN={escape_rdn(value)},OU=x,DC=example,DC=test"
    first, *rest = split_dn(dn)
    assert rdn_value(first) == value
    assert rest == ["OU=x", "DC=example", "DC=test"]
    assert parent_of(dn) == "OU=x,DC=example,DC=test"


@given(st.text())
def test_any_value_survives_in_a_filter(value: str) -> None:
    escaped = escape_filter(value)
    assert not set(escaped) & set("()*\x00 ")
    built = encoded_filter(f"(&(!(cn={escaped}))(cn={escaped}*x*{escaped})(cn=*))")["and"]
    not_equal = built[0]["notFilter"]["innerNotFilter"]["equalityMatch"]
    octets = value.encode("utf-8", "surrogatepass")
    assert bytes(not_equal["assertionValue"]) == octets
    if octets:
        parts = built[1]["substringFilter"]["substrings"]
        assert [bytes(part.getComponent()) for part in parts] == [octets, b"x", octets]


def test_binary_filter_values() -> None:
    assert escape_filter(bytes(range(3)) + b"a)") == "\\00\\01\\02a\\29"


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("a,b", "a\\,b"),
        (" a ", "\\ a\\ "),
        ("#a", "\\#a"),
        (" ", "\\ "),
        ('+"<>;=\\', '\\+\\"\\<\\>\\;\\=\\\\'),
        ("a\nb", "a\\0Ab"),
        ("a/b", "a/b"),
    ],
)
def test_escapes_of_rfc_4514(value: str, escaped: str) -> None:
    assert escape_rdn(value) == escaped


@pytest.mark.parametrize(
    ("dn", "domain"),
    [
        ("CN=a\\,DC=b,CN=x,DC=example,DC=test", "example.test"),
        ("dc=Example, dc=Test", "Example.Test"),
        ("<WKGUID=ab1d30f3768811d1aded00c04fd8d5cd,DC=example,DC=test>", "example.test"),
        ("DC=_ldap,CN=x,DC=example,DC=test", "example.test"),
        ("<GUID=0b0b0b0b-0000-0000-0000-000000000000>", None),
        ("CN=x", None),
        ("", None),
    ],
)
def test_domain_of_a_name(dn: str, domain: str | None) -> None:
    assert domain_of(dn) == domain


def test_names_of_domains_and_objects() -> None:
    assert domain_dn("example.test.") == "DC=example,DC=test"
    guid = uuid.UUID("a762885a-aa44-11d2-81f1-00c04fb9624e")
    assert guid_base(guid) == "<GUID=a762885a-aa44-11d2-81f1-00c04fb9624e>"


def test_the_same_object() -> None:
    assert same_dn("CN=a\\,b , DC=x", "cn=A\\2cB,dc=X")
    assert not same_dn("CN=a,DC=x", "CN=a,DC=x,DC=y")
    assert not same_dn("CN=a,DC=x", "OU=a,DC=x")


def test_hosts_and_domains() -> None:
    assert same_host("App1.Example.Test.", "app1.example.test")
    assert in_domain("app1.Example.test", "example.test.")
    assert in_domain("example.test", "example.test")
    assert not in_domain("evilexample.test", "example.test")
    assert not in_domain("example.test.evil", "example.test")
