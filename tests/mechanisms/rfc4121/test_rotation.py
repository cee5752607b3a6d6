"""Tokens that were rotated, and filled up, on the other side: RRC and EC of RFC 4121 4.2.3 and 4.2.5.

Windows rotates what it seals by 28 bytes, and MIT and we by none; any number may come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gssapi import raw

from asyncauth.mechanisms.rfc4121 import ENCTYPES
from asyncauth.mechanisms.rfc4121._encryption import Encryption

from .contexts import Ends

DATA = bytes(range(50))


def rotated(token: bytes, turn: int) -> bytes:
    """The token rotated to the right, as it says in the header."""
    header, body = token[:16], token[16:]
    by = turn % len(body)
    return header[:6] + turn.to_bytes(2, "big") + header[8:] + body[len(body) - by :] + body[: len(body) - by]


@pytest.mark.parametrize("seal", [True, False])
def test_every_rotation(pair: Ends, seal: bool) -> None:
    length = len(raw.wrap(pair.client, DATA, seal)[0]) - 16
    with pytest.raises(raw.GSSError):  # the number just used is missing, on purpose: it is a gap
        pair.bulk_server.unwrap(raw.wrap(pair.client, DATA, seal)[0])
    for turn in (*range(2 * length + 2), 0x7FFF, 0xFFFF, 0xFFFF // length * length):
        token = rotated(raw.wrap(pair.client, DATA, seal)[0], turn)
        assert pair.bulk_server.unwrap(token) == (DATA, seal)


@pytest.mark.parametrize("seal", [True, False])
def test_mit_opens_ours_rotated(fresh: Callable[..., Ends], seal: bool) -> None:
    ends = fresh()
    for turn in range(0, 300, 7):
        assert raw.unwrap(ends.server, rotated(ends.bulk_client.wrap(DATA, seal), turn))[0] == DATA


@pytest.mark.parametrize("enctype", ENCTYPES)
@pytest.mark.parametrize("filler", [0, 1, 15, 16, 17, 300])
@pytest.mark.parametrize("turn", [0, 28])
def test_filler_is_cut_off(fresh: Callable[..., Ends], enctype: int, filler: int, turn: int) -> None:
    ends = fresh(enctype)
    encryption = Encryption(ENCTYPES[enctype], ends.key, 24)
    servers: tuple[Any, ...] = (lambda token: raw.unwrap(ends.server, token), ends.bulk_server.unwrap)
    for server in servers:
        number = raw.get_mic(ends.client, b"")[8:16]
        header = b"\5\4\6\xff" + filler.to_bytes(2, "big") + b"\0\0" + number
        token = rotated(encryption.encrypt(bytes(16), DATA + bytes(filler), header), turn)
        assert tuple(server(token))[:2] == (DATA, True)
