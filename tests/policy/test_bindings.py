"""The bytes of channel bindings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import Binding, Policy
from asyncauth._bindings import Bound, application_data

SPN = ("http", "App1.Example.Test")
CHANNEL = b"tls-server-end-point:" + bytes(32)
TARGET = b"asyncauth-target-1:\x02\x00\x00\x00\x04http\x00\x00\x00\x11app1.example.test"
OFF, OFFERED, REQUIRED = Binding


@pytest.mark.parametrize(
    ("channel_binding", "target_binding", "components", "channel", "data", "bound"),
    [
        (OFFERED, OFFERED, SPN, None, TARGET, Bound(target=True)),
        (OFFERED, OFFERED, SPN, CHANNEL, CHANNEL, Bound(channel=True)),
        (OFFERED, REQUIRED, SPN, CHANNEL, TARGET + CHANNEL, Bound(channel=True, target=True)),
        (REQUIRED, REQUIRED, SPN, CHANNEL, TARGET + CHANNEL, Bound(channel=True, target=True)),
        (REQUIRED, OFFERED, SPN, CHANNEL, CHANNEL, Bound(channel=True)),
        (OFF, OFFERED, SPN, CHANNEL, TARGET, Bound(target=True)),
        (OFF, REQUIRED, SPN, CHANNEL, TARGET, Bound(target=True)),
        (OFFERED, OFF, SPN, CHANNEL, CHANNEL, Bound(channel=True)),
        (OFF, OFF, SPN, CHANNEL, None, Bound()),
        (OFFERED, OFF, SPN, None, None, Bound()),
        (OFFERED, OFFERED, None, None, None, Bound()),
        (OFFERED, REQUIRED, None, None, None, Bound()),
        (OFFERED, REQUIRED, None, CHANNEL, CHANNEL, Bound(channel=True)),
    ],
)
def test_what_is_tied(
    channel_binding: Binding,
    target_binding: Binding,
    components: tuple[str, ...] | None,
    channel: bytes | None,
    data: bytes | None,
    bound: Bound,
) -> None:
    policy = Policy(channel_binding=channel_binding, target_binding=target_binding)
    assert application_data(policy, components, channel) == (data, bound)


PARTS = st.lists(st.text(max_size=20), min_size=2, max_size=3)


@given(PARTS, PARTS, st.binary(max_size=8), st.binary(max_size=8))
def test_different_names_have_different_bytes(
    first: list[str], second: list[str], channel: bytes, other: bytes
) -> None:
    policy = Policy(target_binding=REQUIRED)
    same = [part.encode().lower() for part in first] == [part.encode().lower() for part in second]
    both = application_data(policy, first, channel), application_data(policy, second, other)
    assert (both[0] == both[1]) == (same and channel == other)


def test_only_the_letters_of_ascii_lose_their_case() -> None:
    data, _ = application_data(Policy(), ("X", "Ä"), None)
    assert data is not None
    assert data.endswith(b"\x01x\x00\x00\x00\x02" + "Ä".encode())
