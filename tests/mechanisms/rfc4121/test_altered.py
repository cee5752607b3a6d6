"""Nothing that was changed on the way is accepted, nothing but IntegrityError is raised, and what was refused leaves
the context as it was: the good token still opens afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from gssapi import raw
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import IntegrityError
from asyncauth.mechanisms.rfc4121 import ENCTYPES, Defective, Incoming
from asyncauth.mechanisms.rfc4121._encryption import Encryption

from .contexts import Ends, clones, messages

DATA = bytes(range(37))


def flips(token: bytes) -> Iterator[bytes]:
    """Each bit of the header, one bit of each byte behind it."""
    for place in range(len(token)):
        for bit in range(8) if place < 16 else (place % 8,):
            yield token[:place] + bytes((token[place] ^ 1 << bit,)) + token[place + 1 :]


def cuts(token: bytes) -> Iterator[bytes]:
    """Every way of losing the end, the beginning, or a block; and something more at the end."""
    for length in range(len(token)):
        yield token[:length]
        yield token[:16] + token[16 + length :] if length else token + b"\0"
    yield token[:32] + token[48:]
    yield token + bytes(16)


def copied(token: bytes) -> bytes:
    """Another object: MIT (1.20) rotates, and blanks EC and RRC, in the very bytes that it is given."""
    return bytes(bytearray(token))


@pytest.mark.parametrize("enctype", ENCTYPES)
@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize("harm", [flips, cuts])
def test_altered_messages(
    fresh: Callable[..., Ends], enctype: int, seal: bool, harm: Callable[[bytes], Iterator[bytes]]
) -> None:
    ends = fresh(enctype)
    mit, ours = clones(ends.server, False)
    token = ends.bulk_client.wrap(DATA, seal)
    harmed = [altered for altered in harm(token) if altered != token]
    assert len(harmed) > 100
    for altered in harmed:
        with pytest.raises(IntegrityError) as by_us:
            ours.unwrap(copied(altered))
        with pytest.raises(IntegrityError) as by_mit:
            mit.unwrap(copied(altered))
        with_another_key = seal and altered[:4] == token[:2] + bytes((token[2] ^ 4, 0xFF))
        assert with_another_key or by_us.value.code == by_mit.value.code
    assert ours.unwrap(copied(token)) == mit.unwrap(copied(token)) == (DATA, seal)


@pytest.mark.parametrize("enctype", ENCTYPES)
@pytest.mark.parametrize("harm", [flips, cuts])
def test_altered_signatures(
    fresh: Callable[..., Ends], enctype: int, harm: Callable[[bytes], Iterator[bytes]]
) -> None:
    ends = fresh(enctype)
    ours = messages(ends.server, False)
    token = ends.bulk_client.sign(DATA)
    for altered in harm(token):
        if altered != token:
            with pytest.raises(IntegrityError):
                ours.verify(DATA, altered)
    with pytest.raises(IntegrityError):
        ours.verify(DATA + b"x", token)
    ours.verify(DATA, token)


@given(
    tail=st.binary(max_size=200), start=st.sampled_from([b"\5\4", b"\5\4\2\xff", b"\5\4\6\xff\0\0\0\0", b""])
)
def test_anything_at_all(fresh: Callable[..., Ends], tail: bytes, start: bytes) -> None:
    ours = messages(kept(fresh).server, False)
    with pytest.raises(IntegrityError):
        ours.unwrap(start + tail)
    with pytest.raises(IntegrityError):
        ours.verify(b"data", start.replace(b"\5", b"\4") + tail)


KEPT: list[Ends] = []


def kept(fresh: Callable[..., Ends]) -> Ends:
    if not KEPT:
        KEPT.append(fresh())
    return KEPT[0]


def test_ones_own_messages_are_refused(fresh: Callable[..., Ends]) -> None:
    ends = fresh()
    client = messages(ends.client, True)
    with pytest.raises(IntegrityError):
        client.unwrap(client.wrap(DATA, True))
    with pytest.raises(IntegrityError):
        client.verify(DATA, client.sign(DATA))


@pytest.mark.parametrize("size", [0, 37, 5000])
def test_a_message_of_another_context_is_refused(fresh: Callable[..., Ends], size: int) -> None:
    ours, other = messages(fresh().server, False), fresh()
    for seal in (True, False):
        with pytest.raises(IntegrityError, match="was altered"):
            ours.unwrap(other.bulk_client.wrap(bytes(size), seal))


# a header outside that is not the one inside, though the HMAC is right: only who has the keys can make these


OUTSIDE = {
    "more filler": (4, b"\0\x05"),
    "filler beyond all": (4, b"\xff\xff"),
    "another number": (8, b"\1"),
    "another subkey flag": (2, b"\2"),
    "an unknown flag": (2, b"\x0e"),
}


@pytest.mark.parametrize(("place", "bytes_"), OUTSIDE.values(), ids=OUTSIDE)
@pytest.mark.parametrize("enctype", ENCTYPES)
def test_the_header_must_be_the_one_inside(
    fresh: Callable[..., Ends], enctype: int, place: int, bytes_: bytes
) -> None:
    """With more filler outside, an old MIT would cut off data, or begin to read before it (CVE-2024-37370)."""
    ends = fresh(enctype)
    marker = raw.get_mic(ends.client, b"")
    inside = b"\5\4\6\xff\0\0\0\0" + marker[8:16]
    token = bytearray(Encryption(ENCTYPES[enctype], ends.key, 24).encrypt(bytes(16), DATA, inside))
    good = bytes(token)
    token[place : place + len(bytes_)] = bytes_
    with pytest.raises(Defective):
        Incoming(ENCTYPES[enctype], ends.key, by_acceptor=False).open(bytes(token))
    server = messages(ends.server, False)
    with pytest.raises(IntegrityError, match="is not a protected message"):
        server.unwrap(bytes(token))
    assert server.unwrap(good) == (DATA, True)


@pytest.mark.parametrize("enctype", ENCTYPES)
@pytest.mark.parametrize("plain", [b"", b"x" * 15])
def test_too_little_inside_for_a_header(fresh: Callable[..., Ends], enctype: int, plain: bytes) -> None:
    ends = fresh(enctype)
    header = b"\5\4\6\xff\0\0\0\0" + raw.get_mic(ends.client, b"")[8:16]
    token = header + Encryption(ENCTYPES[enctype], ends.key, 24).encrypt(b"confounder......", plain, b"")
    with pytest.raises(IntegrityError):
        messages(ends.server, False).unwrap(token)


# a peer that has the keys and does not keep to the rules


def made(ends: Ends, kind: bytes, flags: int, rest: bytes, data: bytes = DATA) -> bytes:
    """A sealed token with the next number and anything else in its header; the header inside is the one outside."""
    header = kind + bytes((flags,)) + rest + raw.get_mic(ends.client, b"")[8:16]
    enctype = ENCTYPES[ends.enctype]
    return Encryption(enctype, ends.key, 24).encrypt(os.urandom(16), data, header)


@pytest.mark.parametrize("enctype", ENCTYPES)
@pytest.mark.parametrize(
    "rest",
    [
        b"\xff\0\x26\0\0",
        b"\xff\0\xff\0\0",
        b"\xff\xff\xff\0\0",
        b"\0\0\0\0\0",
    ],
    ids=["one byte of filler too much", "more filler than data", "all filler", "another filler byte"],
)
def test_impossible_headers(fresh: Callable[..., Ends], enctype: int, rest: bytes) -> None:
    ends = fresh(enctype)
    server = messages(ends.server, False)
    with pytest.raises(IntegrityError):
        server.unwrap(made(ends, b"\5\4", 6, rest))


@pytest.mark.parametrize("flags", [0x0E, 0x46, 0xFE])
def test_unknown_flags_are_ignored(fresh: Callable[..., Ends], flags: int) -> None:
    """RFC 4121 4.2.2."""
    ends = fresh()
    mit, ours = clones(ends.server, False)
    token = made(ends, b"\5\4", flags, b"\xff\0\0\0\0")
    assert ours.unwrap(copied(token)) == mit.unwrap(copied(token)) == (DATA, True)


def test_a_signature_with_another_filler(fresh: Callable[..., Ends]) -> None:
    ends = fresh()
    ends.bulk_client.sign(b"")
    marker = raw.get_mic(ends.client, b"")
    assert ends.bulk_client._out
    for place in range(3, 8):
        wrong = marker[:place] + b"\0" + marker[place + 1 : 16]
        token = ends.bulk_client._out.sign(wrong, DATA)
        assert not ends.bulk_server.verify(DATA, token)
        with pytest.raises(raw.GSSError):
            raw.verify_mic(ends.server, DATA, token)


@pytest.mark.parametrize("enctype", ENCTYPES)
def test_the_same_data_is_never_the_same_token(fresh: Callable[..., Ends], enctype: int) -> None:
    """The confounder is random: without it, whoever listens would see that something is said again."""
    ends = fresh(enctype)
    first_blocks = {ends.bulk_client.wrap(bytes(1000), True)[16:32] for _ in range(20)}
    assert len(first_blocks) == 20
