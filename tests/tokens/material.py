"""Tokens for the tests: those of the captured conversations, and some put together here, field by field."""

from __future__ import annotations

from pathlib import Path

from ..peers.dotnet import reading as nns
from ..peers.gss_sample import reading as gss
from ..vectors.capture import Capture

__all__ = [
    "AP_REP", "AP_REQ", "FILES", "KERBEROS", "KRB_ERROR", "MICROSOFT", "SPNEGO", "ap_req", "encrypted", "framed",
    "initial", "name", "number", "response", "text", "tlv", "tokens",
]  # fmt: skip

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(path for peer in ("dotnet", "gss_sample") for path in (VECTORS / peer).glob("*.txt"))

SPNEGO, KERBEROS, MICROSOFT = (
    bytes.fromhex(text) for text in ("06062b0601050502", "06092a864886f712010202", "06092a864882f712010202")
)
AP_REQ, AP_REP, KRB_ERROR = b"\x01\x00", b"\x02\x00", b"\x03\x00"


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element of DER."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 + len(octets))) + octets + content


def number(tag: int, value: int) -> bytes:
    """An integer in a context element."""
    return tlv(tag, tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big")))


def text(value: bytes) -> bytes:
    return tlv(0x1B, value)


def encrypted(tag: int, size: int, enctype: int = 18, kvno: int | None = None) -> bytes:
    version = b"" if kvno is None else number(0xA1, kvno)
    return tlv(tag, tlv(0x30, number(0xA0, enctype), version, tlv(0xA2, tlv(4, bytes(size)))))


def name(tag: int, *components: bytes) -> bytes:
    return tlv(tag, tlv(0x30, number(0xA0, 2), tlv(0xA1, tlv(0x30, *map(text, components)))))


def ap_req(*components: bytes, realm: bytes = b"EXAMPLE.TEST", size: int = 100, kvno: int = 1) -> bytes:
    """A bare AP-REQ (RFC 4120 5.5.1), as DCE style has it."""
    ticket = tlv(
        0x30, number(0xA0, 5), tlv(0xA1, text(realm)), name(0xA2, *components),
        encrypted(0xA3, size, kvno=kvno),
    )  # fmt: skip
    return tlv(
        0x6E,
        tlv(
            0x30, number(0xA0, 5), number(0xA1, 14), tlv(0xA2, tlv(3, bytes.fromhex("0020000000"))),
            tlv(0xA3, tlv(0x61, ticket)), encrypted(0xA4, size),
        ),
    )  # fmt: skip


def framed(oid: bytes, *parts: bytes) -> bytes:
    """RFC 2743's frame."""
    return tlv(0x60, oid, *parts)


def initial(mech_token: bytes, *mechs: bytes, more: bytes = b"") -> bytes:
    """A NegTokenInit without its frame."""
    return tlv(0xA0, tlv(0x30, tlv(0xA0, tlv(0x30, *mechs)), tlv(0xA2, tlv(4, mech_token)), more))


def response(token: bytes, state: int = 1) -> bytes:
    """A NegTokenResp."""
    return tlv(0xA1, tlv(0x30, tlv(0xA0, tlv(10, bytes((state,)))), tlv(0xA2, tlv(4, token))))


def tokens(sender: str) -> list[tuple[str, Capture, bytes]]:
    """File, conversation, and each handshake token of one side, cut out without asyncauth."""
    return [
        (f"{path.parent.name}/{path.stem}", capture, token)
        for path in FILES
        for capture in [Capture.parse(path.read_text())]
        for token in _bodies(capture, sender)
    ]


def _bodies(capture: Capture, sender: str) -> list[bytes]:
    if capture["framing"] == "nns":
        said = nns.messages(capture.chunks, framed=capture["protection"] != "NONE")
        return [m.data[5:] for m in said if m.kind in (0x14, 0x16) and m.sender == sender and m.data[5:]]
    read = gss.frames(capture.chunks, 1 if capture["framing"].endswith("v1") else 2)
    return [frame.body for frame in read if frame.is_token and frame.sender == sender]
