"""Tokens in words: the captured ones against their independent description, others put together here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import RemoteProtocolError
from asyncauth.tokens import (
    ApRep,
    ApReq,
    Encrypted,
    Initial,
    KrbError,
    MalformedToken,
    Mic,
    NegTokenInit,
    NegTokenResp,
    NtlmMessage,
    Opaque,
    Service,
    Wrap,
    code_text,
    describe,
    krb_error_text,
    read_token,
    requested_service,
)  # fmt: skip

from .material import (
    AP_REQ,
    KERBEROS,
    KRB_ERROR,
    MICROSOFT,
    SPNEGO,
    ap_req,
    encrypted,
    framed,
    initial,
    name,
    number,
    response,
    text,
    tlv,
    tokens,
)  # fmt: skip

REAL = [(entry, token) for sender in "><" for entry, _, token in tokens(sender)]
NTLM = bytes.fromhex("06 0a 2b 06 01 04 01 82 37 02 02 0a")
HINT = "not_defined_in_RFC4178@please_ignore"
ALICE = Service(("alice",), "EXAMPLE.TEST")
SERVICE = Service(("http", "app1"), "EXAMPLE.TEST")
REQUEST = ap_req(b"http", b"app1", kvno=3)


def ntlm(kind: int, fixed: bytes, payload: bytes = b"") -> bytes:
    return b"NTLMSSP\0" + kind.to_bytes(4, "little") + fixed + payload


def place(size: int, offset: int) -> bytes:
    return size.to_bytes(2, "little") * 2 + offset.to_bytes(4, "little")


def krb_error(code: int, *more: bytes) -> bytes:
    return tlv(
        0x7E,
        tlv(
            0x30, number(0xA0, 5), number(0xA1, 30), tlv(0xA4, tlv(0x18, b"20261122133941Z")), number(0xA5, 999_999),
            number(0xA6, code), *more,
        ),
    )  # fmt: skip


REFUSAL = krb_error(
    41, tlv(0xA7, text(b"EXAMPLE.TEST")), name(0xA8, b"alice"), tlv(0xA9, text(b"EXAMPLE.TEST")),
    name(0xAA, b"http", b"app1"), tlv(0xAB, text(b"no\x1b[2J key")), tlv(0xAC, tlv(4, b"typed data")),
)  # fmt: skip
AUTHENTICATE = ntlm(
    3,
    place(24, 100) + place(8, 124) + place(14, 72) + place(10, 86) + place(4, 96) + place(0, 132)
    + bytes.fromhex("0582 8860".replace(" ", "")) + bytes(8),
    "EXAMPLE".encode("utf-16-le") + "carol".encode("utf-16-le") + "W1".encode("utf-16-le") + b"L" * 24 + b"N" * 8,
)  # fmt: skip

TOKENS = {
    "DCE style": (
        REQUEST,
        ApReq(0x2000_0000, SERVICE, Encrypted(18, 3, 100), Encrypted(18, None, 100)),
    ),
    "AP-REP without a frame": (
        tlv(0x6F, tlv(0x30, number(0xA0, 5), number(0xA1, 15), encrypted(0xA2, 60, -135 % 256))),
        ApRep(Encrypted(121, None, 60)),
    ),
    "KRB-ERROR": (
        framed(KERBEROS, KRB_ERROR, REFUSAL),
        Initial("kerberos", KrbError(41, "20261122133941Z", SERVICE, ALICE, "no\x1b[2J key")),
    ),
    "KRB-ERROR with the least": (
        krb_error(37, tlv(0xA9, text(b"R")), name(0xAA, b"x")),
        KrbError(37, "20261122133941Z", Service(("x",), "R"), None, None),
    ),
    "user to user": (framed(KERBEROS, b"\x04\x00", b"..."), Initial("kerberos", Opaque("TGT-REQ of user to user", 5))),
    "another mechanism": (
        framed(bytes.fromhex("06052b05010502"), b"..."),
        Initial("1.3.5.1.5.2", Opaque("unknown mechanism", 3)),
    ),
    "SPNEGO of a server that speaks first": (
        framed(
            SPNEGO,
            tlv(
                0xA0,
                tlv(0x30, tlv(0xA0, tlv(0x30, MICROSOFT, KERBEROS, NTLM)),
                    tlv(0xA3, tlv(0x30, tlv(0xA0, text(HINT.encode()))))),
            ),
        ),
        Initial("spnego", NegTokenInit(("kerberos", "kerberos", "ntlm"), None, HINT, False)),
    ),
    "SPNEGO with its list signed": (
        initial(REQUEST, KERBEROS, more=tlv(0xA3, tlv(4, bytes(28)))),
        NegTokenInit(("kerberos",), read_token(REQUEST), None, True),
    ),
    "SPNEGO with a token of NEGOEX": (
        initial(b"NEGOEXTS", bytes.fromhex("060a2b06010401823702021e")),
        NegTokenInit(("negoex",), Opaque("unknown token", 8), None, False),
    ),
    "SPNEGO, refused": (
        tlv(0xA1, tlv(0x30, tlv(0xA0, tlv(10, b"\2")))),
        NegTokenResp("reject", None, None, False),
    ),
    "SPNEGO, second leg": (
        response(ntlm(1, bytes.fromhex("97820862") + bytes(16)), 3),
        NegTokenResp("request-mic", None, NtlmMessage(1, 0x62088297, {}), False),
    ),
    "NTLM AUTHENTICATE": (
        AUTHENTICATE,
        NtlmMessage(3, 0x60888205, {"domain": "EXAMPLE", "user": "carol", "workstation": "W1"}),
    ),
    "Wrap of RFC 4757": (
        framed(KERBEROS, b"\x02\x01", bytes.fromhex("11001000ffff"), bytes(40)),
        Wrap(True, False, False, 0, 0, None),
    ),
    "signed Wrap of RFC 4757": (
        framed(KERBEROS, b"\x02\x01", bytes.fromhex("1100ffffffff"), bytes(40)),
        Wrap(False, False, False, 0, 0, None),
    ),
    "MIC of RFC 4757": (framed(KERBEROS, b"\x01\x01", bytes(22)), Mic(False, False, None)),
    "MIC": (
        bytes.fromhex("040405ffffffffff0000000000000007") + bytes(12),
        Mic(True, True, 7),
    ),
    "Wrap": (
        bytes.fromhex("050406ff0000001c0000000000000007") + bytes(44),
        Wrap(True, False, True, 0, 28, 7),
    ),
}  # fmt: skip

BROKEN = {
    "nothing": b"",
    "words": b"GET / HTTP/1.1",
    "SPNEGO within SPNEGO's frame without it": framed(SPNEGO, tlv(0x30)),
    "a state that there is not": tlv(0xA1, tlv(0x30, tlv(0xA0, tlv(10, b"\7")))),
    "an element twice": ap_req(b"x").replace(bytes.fromhex("a10302010e"), bytes.fromhex("a00302010e")),
    "an AP-REQ without a ticket": tlv(0x6E, tlv(0x30, number(0xA0, 5), tlv(0xA2, tlv(3, bytes(5))))),
    "a mechanism without numbers": framed(tlv(6)),
    "a mechanism cut short": framed(tlv(6, b"\x2b\x86"), b"..."),
    "a Wrap token of ten bytes": bytes.fromhex("050406ff000000000000"),
    "NTLM without a kind": b"NTLMSSP\0\x09\0\0\0" + bytes(40),
    "a name of NTLM beyond its end": ntlm(3, place(0, 0) * 2 + place(100, 72)),
}


@pytest.mark.parametrize("which", TOKENS)
def test_every_kind_of_token(which: str) -> None:
    token, expected = TOKENS[which]
    assert read_token(token) == expected


@pytest.mark.parametrize("which", BROKEN)
def test_what_is_no_token_is_one_error(which: str) -> None:
    with pytest.raises(MalformedToken) as caught:
        read_token(BROKEN[which])
    assert isinstance(caught.value, RemoteProtocolError)
    assert "token" in str(caught.value)


def hidden(token: bytes) -> bytes:
    """The token with a zero for each secret byte."""
    shown = bytearray(token)
    for part in describe(token).parts:
        if part.secret:
            shown[part.offset : part.offset + part.size] = bytes(part.size)
    return bytes(shown)


@pytest.mark.parametrize("token", [entry[1] for entry in REAL], ids=[entry[0] for entry in REAL])
def test_a_real_token_without_its_secrets_says_the_same(token: bytes) -> None:
    described = describe(token)
    assert describe(hidden(token)) == described
    for part in described.parts:
        assert 0 <= part.offset <= part.offset + part.size <= len(token)


@pytest.mark.parametrize("which", TOKENS)
def test_no_secret_is_needed_to_read_a_token(which: str) -> None:
    token, expected = TOKENS[which]
    assert read_token(hidden(token)) == expected


def test_what_is_secret() -> None:
    assert b"L" * 4 not in hidden(AUTHENTICATE)
    assert b"N" * 4 not in hidden(AUTHENTICATE)
    assert b"typed data" not in hidden(REFUSAL)
    request = ap_req(b"http", b"app1").replace(bytes(100), b"cipher text " * 8 + b"....")
    assert b"cipher" in request
    assert b"cipher" not in hidden(framed(KERBEROS, AP_REQ, request))
    assert b"after" not in hidden(framed(KERBEROS, AP_REQ, request) + b"after")
    assert b"secret" not in hidden(framed(KERBEROS, b"\x04\x01", b"secret"))


def test_words_from_the_network_move_no_cursor() -> None:
    texts = [part.text for part in describe(framed(KERBEROS, KRB_ERROR, REFUSAL)).parts]
    assert "text no\\x1b[2J key" in texts
    assert any("41 KRB5KRB_AP_ERR_MODIFIED" in line for line in texts)


def test_numbers_in_words() -> None:
    assert krb_error_text(37).startswith("error 37 KRB5KRB_AP_ERR_SKEW: ")
    assert code_text(1790).startswith("1790 ERROR_TRUST_FAILURE: ")
    assert code_text(0x8009030C).startswith("0x8009030C SEC_E_LOGON_DENIED: ")
    assert (krb_error_text(9999), code_text(5), code_text(0xFFFFFFFF)) == ("error 9999", "5", "0xFFFFFFFF")


@given(st.binary(max_size=300))
def test_garbage(data: bytes) -> None:
    check(data)


@given(st.sampled_from([token for _, token in REAL] + [token for token, _ in TOKENS.values()]), st.data())
def test_damage(token: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, min(len(token), 300) - 1))
    damaged = bytearray(token)
    damaged[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    check(bytes(damaged))


def check(data: bytes) -> None:
    """One error or a token, which its own secrets do not change; and both readers agree on the service."""
    try:
        described = describe(data)
    except MalformedToken:
        return
    assert describe(hidden(data)) == described
    read = requests(described.token)
    if read and requested_service(data):
        assert requested_service(data) == read[0]


def requests(token: object) -> list[Service]:
    if isinstance(token, ApReq):
        return [token.service]
    inner = getattr(token, "token", None)
    return requests(inner) if inner is not None else []
