"""The layout of Winsock registrations: exact bytes, and round trips."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import _errors
from asyncauth.discovery import ClassParameter, Comparison, WinsockAddress, WinsockVersion, tcp_class_id
from asyncauth.discovery._winsock_address import (
    pack_address,
    pack_parameter,
    pack_version,
    unpack_address,
    unpack_parameter,
    unpack_version,
)

V4 = bytes.fromhex(
    "41414331 0000 1000 1000 0000 01000000 06000000"
    "0200 0000 00000000 0000000000000000"
    "0200 2329 c0000207 0000000000000000"
)
V6 = bytes.fromhex(
    "41414331 0000 1c00 1c00 0000 01000000 06000000"
    "1700 0000 00000000 00000000000000000000000000000000 00000000"
    "1700 2329 00000000 20010db8000000000000000000000001 00000000"
)
PARAMETER = bytes.fromhex("41414b31 20000000 04000000 0700") + b"TcpPort" + bytes.fromhex("04000000 29230000")

addresses = st.builds(
    WinsockAddress,
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str),
    st.integers(1, 65_535),
)


def test_exact_bytes() -> None:
    assert pack_address(WinsockAddress("192.0.2.7", 9001)) == V4
    assert pack_address(WinsockAddress("2001:DB8::1", 9001)) == V6
    assert pack_version(WinsockVersion(2, Comparison.NOT_LESS)) == bytes.fromhex("02000000 01000000")
    assert pack_parameter(ClassParameter("TcpPort", (9001).to_bytes(4, "little"))) == PARAMETER


@given(addresses)
def test_addresses_round_trip(address: WinsockAddress) -> None:
    assert unpack_address(pack_address(address)) == address


@given(st.integers(0, 2**32 - 1), st.sampled_from(Comparison))
def test_versions_round_trip(number: int, comparison: Comparison) -> None:
    version = WinsockVersion(number, comparison)
    assert unpack_version(pack_version(version)) == version


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    st.binary(),
    st.integers(0, 99),
    st.integers(0, 99),
)
def test_parameters_round_trip(name: str, value: bytes, kind: int, namespace: int) -> None:
    parameter = ClassParameter(name, value, kind, namespace)
    assert unpack_parameter(pack_parameter(parameter)) == parameter


@given(st.binary(max_size=90))
def test_any_bytes_are_opaque_or_mean_what_they_say(value: bytes) -> None:
    for data in (value, b"AAC1" + value, b"AAK1" + value):
        unpack_version(data)
        unpack_parameter(data)
        address = unpack_address(data)
        assert address is None or 1 <= address.port <= 65_535


@given(st.sampled_from([V4, V6]), st.data())
def test_every_cut_is_opaque(value: bytes, data: st.DataObject) -> None:
    assert unpack_address(value[: data.draw(st.integers(0, len(value) - 1))]) is None
    assert unpack_address(value + b"x") is None


@pytest.mark.parametrize(
    ("at", "octet", "known"),
    [
        (0, 0x42, False),  # the magic
        (4, 1, False),  # flags that we do not know
        (12, 2, False),  # datagrams
        (16, 2, True),  # Microsoft's sample: PF_INET for the protocol
        (16, 0, True),
        (16, 17, False),  # UDP
        (36, 10, False),  # Linux's own AF_INET6
    ],
)
def test_what_is_for_us(at: int, octet: int, known: bool) -> None:
    value = bytearray(V4)
    value[at] = octet
    assert (unpack_address(bytes(value)) is not None) is known


def test_port_zero_and_scopes_are_opaque() -> None:
    assert unpack_address(V4.replace(b"\x23\x29", b"\0\0")) is None
    assert unpack_address(V6[:-1] + b"\x01") is None
    assert unpack_parameter(PARAMETER[:-1]) is None
    assert unpack_parameter(PARAMETER.replace(b"TcpPort", b"\xff" * 7)) is None
    assert unpack_version(bytes.fromhex("02000000 07000000")) is None


@pytest.mark.parametrize(
    ("address", "port"), [("nohost", 1), ("192.0.2.7", 0), ("192.0.2.7", 65_536), ("fe80::1%eth0", 1)]
)
def test_what_is_no_address(address: str, port: int) -> None:
    with pytest.raises(_errors.MalformedRecord) as caught:
        WinsockAddress(address, port)
    assert caught.value.fix


def test_addresses_are_normal_and_shown_as_one_writes_them() -> None:
    assert str(WinsockAddress("2001:DB8:0::1", 80)) == "[2001:db8::1]:80"
    assert str(WinsockAddress("192.0.2.7", 80)) == "192.0.2.7:80"
    assert IPv4Address("192.0.2.7").packed in pack_address(WinsockAddress("192.0.2.7", 80))
    assert IPv6Address("::1").packed in pack_address(WinsockAddress("::1", 80))


def test_class_of_a_port() -> None:
    assert tcp_class_id(80) == UUID("00090050-0000-0000-c000-000000000046")
