"""One chain of AES-CBC for all messages: each is encrypted as if it were the first."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth.mechanisms.rfc4121 import ENCTYPES
from asyncauth.mechanisms.rfc4121._encryption import Encryption

HEADER = bytes(range(16))
KEY = bytes(range(32))


def encryption(enctype: int = 18) -> Encryption:
    kind = ENCTYPES[enctype]
    return Encryption(kind, KEY[: kind.key], 24)


@given(sizes=st.lists(st.integers(0, 70), min_size=2), confounder=st.binary(min_size=16, max_size=16))
@pytest.mark.parametrize("enctype", ENCTYPES)
def test_what_came_before_does_not_matter(enctype: int, sizes: list[int], confounder: bytes) -> None:
    kept = encryption(enctype)
    for size in sizes:
        data = os.urandom(size)
        made = kept.encrypt(confounder, data, HEADER)
        assert made == encryption(enctype).encrypt(confounder, data, HEADER)
        body = memoryview(made)[16:]
        assert opened(kept, body) == opened(encryption(enctype), body) == data + HEADER


def opened(kept: Encryption, body: memoryview) -> bytes:
    plain = kept.decrypt(body)
    assert plain is not None
    return b"".join(plain)


def test_a_message_that_is_refused_does_not_matter() -> None:
    kept = encryption()
    body = kept.encrypt(os.urandom(16), bytes(100), HEADER)[16:]
    for place in range(len(body)):
        altered = body[:place] + bytes((body[place] ^ 1,)) + body[place + 1 :]
        assert kept.decrypt(memoryview(altered)) is None
        assert opened(kept, memoryview(body)) == bytes(100) + HEADER
    for size in range(len(body)):
        assert kept.decrypt(memoryview(body)[:size]) is None
        assert opened(kept, memoryview(body)) == bytes(100) + HEADER


@pytest.mark.parametrize("calls", range(4))
@pytest.mark.parametrize("enctype", ENCTYPES)
def test_a_message_that_breaks_off_does_not_matter(enctype: int, calls: int) -> None:
    """OpenSSL does ``calls`` of its parts, and then there is no memory; the next message begins a new chain."""
    kept, data = encryption(enctype), os.urandom(1000)
    confounder = os.urandom(16)
    made = kept.encrypt(confounder, data, HEADER)
    body = memoryview(made)[16:]
    assert opened(kept, body) == data + HEADER
    for chain, message, parts in (
        (kept._encryptor, lambda: kept.encrypt(confounder, data, HEADER), 3),
        (kept._decryptor, lambda: kept.decrypt(body), 4),
    ):
        if calls < parts:
            breaks_off(chain, calls)
            with pytest.raises(MemoryError):
                message()
        assert kept.encrypt(confounder, data, HEADER) == made
        assert opened(kept, body) == data + HEADER


def breaks_off(chain: Any, calls: int) -> None:
    """The chain's context does that many calls and no more."""
    left = iter(range(calls))

    def limited(call: Any) -> Any:
        def done(*arguments: Any) -> Any:
            if next(left, None) is None:
                raise MemoryError
            return call(*arguments)

        return done

    chain.update, chain._into = limited(chain.update), limited(chain._into)
