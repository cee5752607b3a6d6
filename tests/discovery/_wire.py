"""A security context that seals with a prefix, and servers made of a list of answers."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncauth._types import Protection
from asyncauth.abc import ContextInfo, StepResult, Unwrapped

SEALED, SIGNED = b"sealed:", b"signed:"


@dataclass
class FakeContext:
    """Steps are given; sealing puts a word in front."""

    steps: Sequence[StepResult]
    mutual: bool = True
    protection: Protection = Protection.SEAL
    got: list[bytes | None] = field(default_factory=list)
    may_wait: bool = False

    def bind(self, channel: bytes, /) -> None:
        raise AssertionError("there is no channel here")

    def step(self, token: bytes | None, /) -> StepResult:
        self.got.append(token)
        return self.steps[len(self.got) - 1]

    def info(self) -> ContextInfo:
        return ContextInfo("kerberos", self.protection, self.mutual, None, None)

    def wrap(self, data: bytes | memoryview, seal: bool, /) -> bytes:
        return (SEALED if seal else SIGNED) + data

    def unwrap(self, token: bytes | bytearray | memoryview, /) -> Unwrapped:
        return Unwrapped(bytes(token[len(SEALED) :]), token[: len(SEALED)] == SEALED)

    def sign(self, data: bytes, /) -> bytes:
        raise NotImplementedError

    def verify(self, data: bytes, signature: bytes, /) -> None:
        raise NotImplementedError


@dataclass
class FakeServer:
    """Answers bind requests from a list of (satisfied, token)."""

    answers: Sequence[tuple[bool, bytes]]
    asked: list[bytes] = field(default_factory=list)

    def __call__(self, token: bytes) -> tuple[bool, bytes]:
        self.asked.append(token)
        return self.answers[len(self.asked) - 1]


def buffer(data: bytes, mark: bytes = SEALED) -> bytes:
    """One buffer of the sealed stream."""
    return struct.pack(">I", len(mark + data)) + mark + data
