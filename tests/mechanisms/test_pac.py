"""The two buffers of a PAC that are read: real ones, written ones, and broken ones."""

from __future__ import annotations

import struct
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth._claims import Claims
from asyncauth._sid import Sid
from asyncauth.mechanisms._pac import Damaged, parse_claims, parse_pac

from ..test_sid import SIDS
from .pac import ISSUER, MEMBER, VECTORS, LogonInfo, captured, pactype, upn_dns_info

REAL = sorted(path.stem for path in VECTORS.glob("*.txt"))
NUMBERS = st.integers(0, 2**32 - 1)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENTRIES = st.lists(st.tuples(NUMBERS, st.integers(0, 2**32 - 1)), max_size=6).map(tuple)
DOMAINS = st.builds(Sid, st.just(5), st.lists(NUMBERS, min_size=1, max_size=14).map(tuple))
INFOS = st.builds(
    LogonInfo,
    account=NAMES,
    others=st.tuples(*[st.none() | NAMES] * 5),
    rid=st.integers(1, 2**32 - 1),
    primary=NUMBERS,
    groups=st.none() | ENTRIES,
    flags=NUMBERS,
    server=st.none() | NAMES,
    domain=st.none() | NAMES,
    issuer=DOMAINS,
    control=NUMBERS,
    extra=st.none() | st.lists(st.tuples(SIDS, NUMBERS), max_size=5).map(tuple),
    resource_domain=st.none() | DOMAINS,
    resources=st.none() | ENTRIES,
)


def counts(attributes: int) -> bool:
    return attributes & 0x14 == 4


@pytest.mark.parametrize("name", REAL)
def test_real_ones(name: str) -> None:
    known = captured(name)
    claims = parse_claims(bytes.fromhex(known["logon-info"]), bytes.fromhex(known["upn-dns-info"]))
    assert claims == Claims(
        account=known["account"],
        domain=known["domain"],
        sid=Sid.parse(known["sid"]),
        primary_group=Sid.parse(known["primary group"]),
        groups=frozenset(map(Sid.parse, known["groups"].split())),
        logon_server=known["logon server"],
        account_control=int(known["account control"], 16),
        principal_name=known["principal name"],
        dns_domain=known["dns domain"],
    )
    assert "groups" not in repr(claims)


def test_there_are_real_ones() -> None:
    assert len(REAL) == 2


@given(INFOS)
def test_what_was_written_is_read(info: LogonInfo) -> None:
    assert info.issuer is not None
    claims = parse_claims(bytes(info))
    assert (claims.account, claims.domain, claims.logon_server) == (
        info.account, info.domain or "", info.server or "",
    )  # fmt: skip
    assert claims.account_control == info.control
    assert claims.sid == info.issuer.with_rid(info.rid)
    assert claims.primary_group == info.issuer.with_rid(info.primary)
    expected = {info.issuer.with_rid(rid) for rid, how in info.groups or () if counts(how)}
    if info.flags & 0x20:
        expected |= {sid for sid, how in info.extra or () if sid is not None and counts(how)}
    if info.flags & 0x200:
        domain = info.resource_domain or info.issuer
        expected |= {domain.with_rid(rid) for rid, how in info.resources or () if counts(how)}
    assert claims.groups == expected
    assert (claims.principal_name, claims.dns_domain) == (None, None)


def test_groups_that_do_not_count() -> None:
    listed = ((1, MEMBER), (2, MEMBER | 0x10), (3, 3), (4, 0), (5, 4))
    claims = parse_claims(bytes(LogonInfo(groups=listed)))
    assert claims.groups == {ISSUER.with_rid(1), ISSUER.with_rid(5)}


def test_extra_sids_and_resource_groups_that_were_not_announced_are_none() -> None:
    asserted, other = Sid.parse("S-1-18-1"), Sid.parse("S-1-5-21-9-9-9")
    info = LogonInfo(
        extra=((asserted, MEMBER),), resource_domain=other, resources=((7, MEMBER),), flags=0x220
    )
    own = ISSUER.with_rid(513)
    assert parse_claims(bytes(info)).groups == {own, asserted, other.with_rid(7)}
    assert parse_claims(bytes(replace(info, flags=0x20))).groups == {own, asserted}
    assert parse_claims(bytes(replace(info, flags=0x200))).groups == {own, other.with_rid(7)}


def test_an_account_of_another_domain_is_the_first_extra_sid() -> None:
    foreign, group = Sid.parse("S-1-5-21-7-7-7-1000"), Sid.parse("S-1-5-21-7-7-7-1001")
    info = LogonInfo(rid=0, extra=((foreign, MEMBER), (group, MEMBER)))
    claims = parse_claims(bytes(info))
    assert claims.sid == foreign
    assert claims.groups == {group, ISSUER.with_rid(513)}
    for none in (replace(info, flags=0), replace(info, extra=())):
        with pytest.raises(Damaged, match="no SID"):
            parse_claims(bytes(none))


@pytest.mark.parametrize(
    ("info", "says"),
    [
        (LogonInfo(issuer=None), "names no domain"),
        (LogonInfo(groups=None, counts={"groups": 1}), "an array is missing"),
        (LogonInfo(counts={"groups": 2}), "counts of an array"),
        (LogonInfo(resources=((1, 7),), counts={"resources": 0xFFFFFFFF}), "counts of an array"),
        (LogonInfo(extra=None, counts={"extra": 1}), "an array is missing"),
        (LogonInfo(extra=((None, 7),)), "a SID is missing"),
        (LogonInfo(account="\ud800"), "not UTF-16"),
        (LogonInfo(issuer=Sid(5, (1,) * 15)), "no room"),
    ],
)
def test_structures_that_contradict_themselves(info: LogonInfo, says: str) -> None:
    with pytest.raises(Damaged, match=says):
        parse_claims(bytes(info))


PLAIN = bytes(LogonInfo(extra=((ISSUER, MEMBER),)))
TEXTS = 16 + 220
"""Where what the pointers point to begins: the account's name."""


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (0, b"\x02", "version 1"),
        (1, b"\x00", "version 1"),
        (2, b"\x10", "version 1"),
        (8, b"\xff\xff", "shorter than it says"),
        (16, bytes(4), "it is empty"),
        (16 + 4 + 48 + 4, bytes(4), "a string is missing"),
        (TEXTS, b"\x01", "lengths of a string"),
        (TEXTS + 4, b"\x01", "lengths of a string"),
        (TEXTS + 8, b"\x04", "lengths of a string"),
    ],
)
def test_single_bytes_that_are_wrong(at: int, value: bytes, says: str) -> None:
    broken = PLAIN[:at] + value + PLAIN[at + len(value) :]
    with pytest.raises(Damaged, match=says):
        parse_claims(broken)


@pytest.mark.parametrize(("offset", "value"), [(0, 3), (4, 2), (5, 3)])
def test_sids_that_are_none(offset: int, value: int) -> None:
    at = PLAIN.index(struct.pack("<I", 4) + bytes(ISSUER)[:2])
    broken = bytearray(PLAIN)
    broken[at + offset] = value
    with pytest.raises(Damaged, match="a SID is none"):
        parse_claims(bytes(broken))


@pytest.mark.parametrize("count", [0, 16])
def test_a_sid_of_no_numbers_or_too_many(count: int) -> None:
    at = PLAIN.index(struct.pack("<I", 4) + bytes(ISSUER)[:2])
    broken = bytearray(PLAIN)
    broken[at] = broken[at + 5] = count
    with pytest.raises(Damaged, match="a SID is none"):
        parse_claims(bytes(broken))


def test_every_end_that_comes_too_early_is_noticed() -> None:
    for end in range(len(PLAIN)):
        with pytest.raises(Damaged):
            parse_claims(PLAIN[:end])
        if end >= 16:
            with pytest.raises(Damaged):
                parse_claims(PLAIN[:8] + struct.pack("<I", end - 16) + PLAIN[12:end])


def test_counts_that_nothing_pays_for_cost_nothing() -> None:
    huge = replace(LogonInfo(), counts={"groups": 0xFFFFFFFF})
    data = bytearray(bytes(huge))
    at = data.index(struct.pack("<III", 1, 513, MEMBER))
    data[at : at + 4] = b"\xff\xff\xff\xff"  # now both counts say it
    begun = time.perf_counter()
    with pytest.raises(Damaged, match="ends early"):
        parse_claims(bytes(data))
    assert time.perf_counter() - begun < 0.1


# --- user principal name, domain, account and SID -----------------------------------------------------------


ALICE = ISSUER.with_rid(1103)


def test_the_user_principal_name() -> None:
    for data in (
        upn_dns_info("alice@example.test", "EXAMPLE.TEST"),
        upn_dns_info("alice@example.test", "EXAMPLE.TEST", "alice", bytes(ALICE)),
    ):
        claims = parse_claims(PLAIN, data)
        assert (claims.principal_name, claims.dns_domain) == ("alice@example.test", "EXAMPLE.TEST")
    assert parse_claims(PLAIN, upn_dns_info("", "")).principal_name is None


def test_two_accounts_in_one_pac() -> None:
    other = upn_dns_info("alice@example.test", "EXAMPLE.TEST", "alice", bytes(ISSUER.with_rid(500)))
    with pytest.raises(Damaged, match="two different accounts"):
        parse_claims(PLAIN, other)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "ends in its header"),
        (struct.pack("<HHHHI7x", 0, 12, 0, 12, 2), "ends in its header"),
        (upn_dns_info("a", "b")[:-1], "ends early"),
        (upn_dns_info("a", "b", "c", b"\x01\x05"), "a SID is none"),
        (struct.pack("<HHHHI", 1, 12, 0, 12, 0) + b"x", "not UTF-16"),
    ],
)
def test_broken_user_principal_names(data: bytes, says: str) -> None:
    with pytest.raises(Damaged, match=says):
        parse_claims(PLAIN, data)


# --- the whole PAC ------------------------------------------------------------------------------------------


UPN = upn_dns_info("alice@example.test", "EXAMPLE.TEST")


def test_the_two_buffers_are_found_among_others() -> None:
    others = [(10, b"client"), (6, bytes(20)), (7, bytes(16)), (16, b"x")]
    assert parse_pac(pactype([*others, (12, UPN), (1, PLAIN)])) == parse_claims(PLAIN, UPN)
    assert parse_pac(pactype([(1, PLAIN)])) == parse_claims(PLAIN)
    assert parse_pac(pactype([*others, (12, UPN)])) is None
    assert parse_pac(pactype([])) is None


@pytest.mark.parametrize(
    ("pac", "says"),
    [
        (b"", "ends in its header"),
        (pactype([(1, PLAIN)], version=1), "another version"),
        (pactype([(1, PLAIN)], count=2**32 - 1), "its list of buffers"),
        (pactype([(1, PLAIN), (1, PLAIN)]), "there twice"),
        (pactype([(1, PLAIN)])[: -len(PLAIN) // 2], "ends early"),
        (struct.pack("<IIIIQ", 1, 0, 1, 1, 2**64 - 1), "ends early"),
    ],
)
def test_broken_pacs(pac: bytes, says: str) -> None:
    with pytest.raises(Damaged, match=says):
        parse_pac(pac)


@given(st.binary(max_size=300) | st.binary(max_size=40).map(lambda tail: pactype([(1, PLAIN)])[:200] + tail))
def test_any_bytes_are_claims_or_damaged(pac: bytes) -> None:
    try:
        parse_pac(pac)
    except Damaged:
        return


# --- fuzz ---------------------------------------------------------------------------------------------------


def safe(logon_info: bytes, upn: bytes | None) -> None:
    """Whatever it is, it is claims or Damaged, and soon."""
    try:
        claims = parse_claims(logon_info, upn)
    except Damaged:
        return
    assert all(isinstance(group, Sid) for group in (claims.sid, claims.primary_group, *claims.groups))
    assert len(claims.groups) * 8 <= len(logon_info)


@given(st.binary(max_size=600), st.none() | st.binary(max_size=100))
def test_garbage(logon_info: bytes, upn: bytes | None) -> None:
    safe(logon_info, upn)
    safe(PLAIN[:16] + logon_info, upn)


@given(
    st.sampled_from(REAL),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 2000),
)
def test_mutations_of_real_ones(name: str, changes: list[tuple[int, int]], end: int) -> None:
    known = captured(name)
    buffers = [bytearray.fromhex(known["logon-info"]), bytearray.fromhex(known["upn-dns-info"])]
    for at, value in changes:
        for buffer in buffers:
            buffer[at % len(buffer)] = value
    whole, upn = map(bytes, buffers)
    safe(whole, upn)
    safe(whole[: end % len(whole)], upn[: end % len(upn)])
