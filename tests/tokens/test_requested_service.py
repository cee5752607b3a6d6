"""Which service a client's token has a ticket for."""

from __future__ import annotations

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth.tokens import Service, requested_service

from ..vectors.capture import Capture
from .material import (
    AP_REP,
    AP_REQ,
    KERBEROS,
    KRB_ERROR,
    MICROSOFT,
    SPNEGO,
    ap_req,
    framed,
    initial,
    number,
    response,
    tlv,
    tokens,
)  # fmt: skip

BARE = ap_req(b"http", b"app1.example.test:8080", b"CN=x,DC=y")
WHOLE = framed(KERBEROS, AP_REQ, BARE)
WANTED = Service(("http", "app1.example.test:8080", "CN=x,DC=y"), "EXAMPLE.TEST")
REAL = tokens(">")

FORMS = {
    "DCE style": BARE,
    "Kerberos": WHOLE,
    "Kerberos as Microsoft wrote it": framed(MICROSOFT, AP_REQ, BARE),
    "SPNEGO": framed(SPNEGO, initial(WHOLE, MICROSOFT, KERBEROS)),
    "SPNEGO, signed list": framed(SPNEGO, initial(WHOLE, KERBEROS, more=tlv(0xA3, tlv(4, bytes(28))))),
    "SPNEGO without a frame": initial(WHOLE, KERBEROS),
    "SPNEGO with DCE style": framed(SPNEGO, initial(BARE, KERBEROS)),
    "SPNEGO, second leg": response(WHOLE),
    "SPNEGO, second leg in DCE style": response(BARE),
    "large ticket": ap_req(*(part.encode() for part in WANTED.components), size=50_000),
    "key version": ap_req(*(part.encode() for part in WANTED.components), kvno=2**32 - 1),
}
NONE = {
    "nothing": b"",
    "one byte": b"\x60",
    "NTLM": b"NTLMSSP\0\x01\0\0\0" + bytes(24),
    "NTLM in SPNEGO": framed(SPNEGO, initial(b"NTLMSSP\0\x01\0\0\0", KERBEROS)),
    "SPNEGO without a token": framed(SPNEGO, tlv(0xA0, tlv(0x30, tlv(0xA0, tlv(0x30, KERBEROS))))),
    "AP-REP": framed(KERBEROS, AP_REP, tlv(0x6F, tlv(0x30, number(0xA0, 5)))),
    "KRB-ERROR": framed(KERBEROS, KRB_ERROR, tlv(0x7E, tlv(0x30, number(0xA0, 5)))),
    "another mechanism": framed(bytes.fromhex("06052b05010502"), AP_REQ, BARE),
    "SPNEGO within SPNEGO": framed(SPNEGO, initial(framed(SPNEGO, initial(WHOLE)))),
    "no components": ap_req(),
    "no UTF-8": ap_req(b"http", b"\xff\xfe"),
    "cut short": WHOLE[:200],
    "shell of an indefinite length": b"\x60\x80" + WHOLE[2:],
    "a length of five octets": b"\x6e\x85\0\0\0\0\x20" + bytes(32),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_a_client_may_send(form: str) -> None:
    assert requested_service(FORMS[form]) == WANTED


@pytest.mark.parametrize("form", NONE)
def test_none_where_there_is_none(form: str) -> None:
    assert requested_service(NONE[form]) is None


@pytest.mark.parametrize(("capture", "token"), [entry[1:] for entry in REAL], ids=[e[0] for e in REAL])
def test_real_tokens(capture: Capture, token: bytes) -> None:
    service = requested_service(token)
    if b"NTLMSSP" in token:
        assert service is None
    else:
        assert service is not None
        assert service.spn == capture["spn"]
        assert service.realm == capture["realm"].partition(",")[0]
        assert str(service) == f"{service.spn}@{service.realm}"


def test_real_tokens_are_of_both_shells() -> None:
    services = [requested_service(token) for _, _, token in REAL]
    assert len([service for service in services if service]) > 25
    assert {token[:1] for _, _, token in REAL} == {b"\x60", b"N"}


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_kinds_of_bytes(kind: type) -> None:
    assert requested_service(kind(WHOLE)) == WANTED


@given(st.binary(max_size=200))
def test_garbage_is_none(data: bytes) -> None:
    assert requested_service(data) is None


@given(st.sampled_from(list(FORMS.values())), st.data())
def test_damage_never_raises(token: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, min(len(token), 300) - 1))
    damaged = bytearray(token)
    damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    service = requested_service(bytes(damaged))
    assert service is None or all(isinstance(part, str) for part in service.components)


@given(st.sampled_from(list(FORMS.values())), st.integers(0, 250))
def test_a_part_is_none(token: bytes, size: int) -> None:
    assert requested_service(token[:size]) is None


def test_a_handshake_does_not_wait_for_it() -> None:
    """Ten microseconds on an idle machine; the bound allows for a busy one, and not for a parse of everything."""
    token = next(token for name, _, token in REAL if name == "dotnet/net80_client_sealed")
    seconds = min(timeit.repeat(lambda: requested_service(token), number=200, repeat=20)) / 200
    assert seconds < 100e-6
