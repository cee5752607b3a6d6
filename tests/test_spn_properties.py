"""Service principal names: what holds for every name, and what MIT Kerberos itself reads."""

from __future__ import annotations

import dataclasses
import re
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from asyncauth._errors import InvalidName
from asyncauth._spn import ServicePrincipalName

PROFILE = settings(deadline=None)  # a busy machine is no failure

VISIBLE = st.characters(exclude_categories=["C", "Z"], exclude_characters="/:@=,[]")
HOST_LIKE = st.text(VISIBLE | st.just(" "), min_size=1, max_size=20).filter(lambda text: text == text.strip())
IN_A_DN = st.text(VISIBLE | st.sampled_from(' @\\,=:"[]'), max_size=30)
DNS = st.builds("CN={},DC=example,DC=test".format, IN_A_DN)
PORTS = st.none() | st.integers(1, 65_535)
INSTANCES = HOST_LIKE.filter(lambda text: not re.fullmatch("[0-9]+", text))
SERVICE_NAMES = st.none() | HOST_LIKE | DNS | st.uuids().map(str)

NAMES = st.builds(ServicePrincipalName, HOST_LIKE, HOST_LIKE, PORTS, service_name=SERVICE_NAMES) | st.builds(
    ServicePrincipalName, HOST_LIKE, HOST_LIKE, instance=INSTANCES, service_name=SERVICE_NAMES
)
ASCII = st.text(string.ascii_letters + string.digits + ".-", min_size=1, max_size=20)
ASCII_NAMES = st.builds(ServicePrincipalName, ASCII, ASCII, PORTS, service_name=st.none() | ASCII)

ANYTHING = st.text(st.characters()) | st.text(st.characters(codec=None, categories=None))
NEARLY = st.text(st.sampled_from("aB/:@019=,.[]\\ \t\n\0\ud800\u202eä٣ß"), max_size=12)


def mit_parse(principal: str) -> tuple[list[str], str]:
    """Components and realm of a principal's text, read as MIT's manual describes them."""
    fields: list[list[str]] = [[""]]
    characters = iter(principal)
    for character in characters:
        if character == "@":
            fields.append([""])
        elif character == "/":
            fields[-1].append("")
        else:
            fields[-1][-1] += next(characters) if character == "\\" else character
    components, realms = fields
    [realm] = realms
    return components, realm


@PROFILE
@given(NAMES)
def test_text_and_name_are_one(name: ServicePrincipalName) -> None:
    parsed = ServicePrincipalName.parse(str(name))
    assert parsed == name
    assert dataclasses.astuple(parsed) == dataclasses.astuple(name)
    assert str(parsed) == str(name)


def name_or_error(text: str) -> ServicePrincipalName | InvalidName:
    try:
        return ServicePrincipalName.parse(text)
    except InvalidName as error:
        return error


@PROFILE
@given(ANYTHING | NEARLY)
def test_any_text_is_a_name_or_invalid(text: str) -> None:
    result = name_or_error(text)
    if isinstance(result, InvalidName):
        assert result.fix
        assert str(result).isprintable()
    else:
        assert str(result) == (text if "/" in text else text.replace("@", "/"))
        assert mit_parse(result.principal())[0] == list(result.components)


@PROFILE
@given(HOST_LIKE, SERVICE_NAMES, HOST_LIKE, st.integers(0, 65_535))
def test_made_names_crack(service_class: str, service_name: str | None, host: str, port: int) -> None:
    if service_name is None:
        made, repeated = ServicePrincipalName.make(service_class, host, None, port), host
    else:
        made, repeated = ServicePrincipalName.make(service_class, service_name, host, port), service_name
    assert made.cracked() == (service_class, repeated, host, port)


@PROFILE
@given(NAMES, st.sampled_from([None, "EXAMPLE.TEST", "C=US/O=x", "back\\slash", "ÄÖ.TEST"]))
def test_principal_unescapes_to_the_components(name: ServicePrincipalName, realm: str | None) -> None:
    components, parsed_realm = mit_parse(name.principal(realm))
    assert components == str(name).split("/") == list(name.components)
    assert len(components) == (2 if name.service_name is None else 3)
    assert parsed_realm == (realm or "")


@PROFILE
@given(NAMES, st.sampled_from([None, "EXAMPLE.TEST", "C=US/O=x", "back\\slash"]))
def test_krb5_reads_the_same_components(name: ServicePrincipalName, realm: str | None) -> None:
    krb5 = pytest.importorskip("krb5")
    principal = krb5.parse_name_flags(krb5.init_context(), name.principal(realm).encode(), 0)
    assert principal.components == [component.encode() for component in name.components]
    assert principal.realm == (realm or "").encode()


@PROFILE
@given(NAMES, st.sampled_from([None, "EXAMPLE.TEST"]))
def test_gssapi_keeps_the_name_exactly(name: ServicePrincipalName, realm: str | None) -> None:
    gssapi = pytest.importorskip("gssapi")
    principal = name.principal(realm).encode()
    imported = gssapi.raw.import_name(principal, gssapi.NameType.kerberos_principal)
    canonical = gssapi.raw.canonicalize_name(imported, gssapi.MechType.kerberos)
    assert gssapi.raw.display_name(canonical, name_type=False).name == principal


@PROFILE
@given(ASCII_NAMES, st.integers(min_value=0))
def test_case_never_matters(name: ServicePrincipalName, mask: int) -> None:
    letters = enumerate(str(name))
    mixed = "".join(letter.swapcase() if mask >> place & 1 else letter for place, letter in letters)
    other = ServicePrincipalName.parse(mixed)
    assert other == name
    assert hash(other) == hash(name)
    assert str(other) == mixed


@PROFILE
@given(NAMES, NAMES)
def test_equality_and_hash_agree(one: ServicePrincipalName, other: ServicePrincipalName) -> None:
    assert (one == other) == (str(one).casefold() == str(other).casefold())
    assert one != other or hash(one) == hash(other)


@PROFILE
@given(ASCII_NAMES, ASCII_NAMES)
def test_different_text_is_another_name(one: ServicePrincipalName, other: ServicePrincipalName) -> None:
    assume(str(one).lower() != str(other).lower())
    assert one != other
