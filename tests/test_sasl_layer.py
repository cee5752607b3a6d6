"""What the two ends of GSSAPI tell each other about the layer."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import Protection, ProtectionError, RemoteProtocolError
from asyncauth._sasl_layer import LARGEST, OVERHEAD, Choice, Offer, room

NONE, SIGN, SEAL = Protection
SETS = [frozenset(found) for found in chain.from_iterable(combinations(Protection, n) for n in range(4))]

layers = st.sampled_from(SETS)
sizes = st.integers(0, LARGEST)
identities = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(layers, sizes)
def test_an_offer_comes_through(offered: frozenset[Protection], size: int) -> None:
    assert Offer.parse(Offer(offered, size).build()) == Offer(offered, size)


@given(layers, sizes, identities)
def test_a_choice_comes_through(offered: frozenset[Protection], size: int, authzid: str) -> None:
    for layer in offered:
        choice = Choice.of(layer, size, authzid)
        assert Choice.parse(choice.build()) == choice
        assert choice.size == (0 if layer is NONE else size)


@given(st.binary(max_size=12))
def test_any_bytes_are_an_offer_or_an_error(data: bytes) -> None:
    try:
        offer = Offer.parse(data)
    except RemoteProtocolError:
        assert len(data) != 4
    else:
        assert offer.build()[1:] == data[1:]
        assert offer.build()[0] == data[0] & 7


@given(st.binary(max_size=12))
def test_any_bytes_are_a_choice_or_an_error(data: bytes) -> None:
    try:
        choice = Choice.parse(data)
    except RemoteProtocolError:
        return
    assert choice.build() == data
    assert choice.layer is not NONE or choice.size == 0


@pytest.mark.parametrize(
    ("data", "offer"),
    [
        ("07010000", Offer(frozenset(Protection), 65_536)),
        ("01000000", Offer(frozenset({NONE}), 0)),
        ("00000000", Offer(frozenset(), 0)),
        ("f4ffffff", Offer(frozenset({SEAL}), LARGEST)),
    ],
)
def test_worked_offers(data: str, offer: Offer) -> None:
    assert Offer.parse(bytes.fromhex(data)) == offer


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "in 0 bytes"),
        ("040100", "in 3 bytes"),
        ("00010000", "layer 0x00"),
        ("03010000", "layer 0x03"),
        ("08010000", "layer 0x08"),
        ("01000001", "takes 1 bytes of one"),
        ("04010000ff", "not UTF-8"),
        ("04010000c0af", "not UTF-8"),
        ("04010000eda080", "not UTF-8"),
        ("04010000616c69636500", "NUL"),
    ],
)
def test_no_choices(data: str, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        Choice.parse(bytes.fromhex(data))


@given(layers, st.sampled_from(Protection), st.sampled_from(Protection))
def test_the_least_layer_that_is_enough(
    offered: frozenset[Protection], required: Protection, possible: Protection
) -> None:
    enough = [layer for layer in offered if required <= layer <= possible]
    if enough:
        assert Offer(offered, 1).choose(required, possible) is min(enough)
    else:
        with pytest.raises(ProtectionError, match=f"{required.name} is required"):
            Offer(offered, 1).choose(required, possible)


@pytest.mark.parametrize("size", [0, 1, OVERHEAD])
def test_a_size_without_room_for_data(size: int) -> None:
    assert room(size, NONE) > 65_536
    for layer in (SIGN, SEAL):
        with pytest.raises(RemoteProtocolError, match=f"messages of {size} bytes"):
            room(size, layer)
        assert room(size + OVERHEAD + 1, layer) == size + 1


def test_what_does_no_layer_says_no_size() -> None:
    assert Offer.of([NONE], 1000).build() == b"\1\0\0\0"
    assert Offer.of([NONE, SIGN], 1000).build() == b"\3\0\3\xe8"
