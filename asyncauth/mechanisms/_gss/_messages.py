"""Protected messages of a complete context: through GSSAPI, or large ones on the bulk path."""

from __future__ import annotations

import sys
from typing import ClassVar

from gssapi import raw

from ..._errors import IntegrityError
from ...abc import Unwrapped
from ._bulk import Bulk, bulk_for
from ._errors import broken_message
from ._keys import KRB5

__all__ = ["GssMessages"]

SEALED_FROM, SIGNED_FROM = 3072, 8192
"""Bytes of a message, sealed or only signed, with which a context takes the bulk path up. That costs memory and, once
in each direction, as much time as three or four such messages save."""
SEALED_AFTERWARDS, SIGNED_AFTERWARDS = 2048, 4096
"""The same once it has been taken up. Below, what Python adds costs more than OpenSSL saves; ``python -m
benchmarks.messages`` shows where it turns."""
_NEVER = sys.maxsize

_RFC4121_WRAP = b"\x05\x04"
"""How each Wrap token of RFC 4121 begins; those of RC4 and DES (RFC 1964, 4757) do not, and are refused."""
_SEALED = 2
"""In the token's flags."""


class GssMessages:
    """The messages of both roles.

    :param peer_name: for errors
    :param bulk: False leaves everything to GSSAPI
    """

    __slots__ = ("_bulk", "_bulk_from", "_context", "_mech", "_peer_name")

    initiates: ClassVar[bool]

    def __init__(self, peer_name: str, bulk: bool) -> None:
        self._context: raw.SecurityContext | None = None
        self._mech = KRB5
        self._peer_name = peer_name
        self._bulk: Bulk | None = None
        self._bulk_from = SEALED_FROM if bulk else _NEVER

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        try:
            if len(data) >= self._bulk_from and (bulk := self._path(len(data), seal)):
                return bulk.wrap(data, seal)
            message, sealed = raw.wrap(self._context, bytes(data), seal)  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error
        if sealed is not seal or not message.startswith(_RFC4121_WRAP):
            raise self._weak()
        return message

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        if token[:2] != _RFC4121_WRAP:
            raise self._weak()
        try:
            if len(token) >= self._bulk_from and (opened := self._open(token)):
                return opened
            message, sealed, _ = raw.unwrap(self._context, bytes(token))  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error
        return Unwrapped(message, sealed)

    def sign(self, data: bytes, /) -> bytes:
        try:
            if len(data) >= self._bulk_from and (bulk := self._path(len(data), False)):
                return bulk.sign(data)
            return raw.get_mic(self._context, data)  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error

    def verify(self, data: bytes, signature: bytes, /) -> None:
        try:
            if len(data) >= self._bulk_from and (bulk := self._path(len(data), False)):  # noqa: SIM102
                if bulk.verify(data, signature):
                    return
            raw.verify_mic(self._context, data, signature)  # type: ignore[arg-type]
        except raw.GSSError as error:
            raise broken_message(self._peer_name, error) from error

    def _open(self, token: bytes | bytearray | memoryview) -> Unwrapped | None:
        bulk = self._path(len(token), len(token) > _SEALED and bool(token[2] & _SEALED))
        return bulk.unwrap(token) if bulk else None

    def _path(self, size: int, sealed: bool) -> Bulk | None:
        """The bulk path, if there is one and it pays; asked for large messages only."""
        if self._bulk is not None:
            return self._bulk if sealed or size >= SIGNED_AFTERWARDS else None
        if size < (SEALED_FROM if sealed else SIGNED_FROM) or self._context is None:
            return None
        self._bulk = bulk_for(self._context, self.initiates) if self._mech == KRB5 else None
        self._bulk_from = _NEVER if self._bulk is None else min(SEALED_AFTERWARDS, self._bulk_from)
        return self._bulk

    def _weak(self) -> IntegrityError:
        return IntegrityError(
            f"the message from or to {self._peer_name} is no Wrap token of RFC 4121",
            fix="if the account allows RC4 or DES only, enable AES on it and set its password anew",
        )
