"""How rules of an allow-list are written in one word, for command lines and configuration files."""

from __future__ import annotations

from .._errors import InvalidName
from .._sid import Sid

__all__ = ["KINDS", "split_rule"]

KINDS = ("principal", "realm", "sid", "group")


def split_rule(rule: str) -> tuple[str, str]:
    """Kind and value of ``kind:value``; a text without one of :data:`KINDS` before its colon is a principal pattern.

    :raises InvalidName: there is no value, or it is no SID where one has to be
    """
    kind, colon, value = rule.partition(":")
    if not colon or kind not in KINDS:
        kind, value = "principal", rule
    if not value:
        raise InvalidName(
            f"{rule!r} allows nothing",
            fix="write a principal pattern, realm:NAME, sid:S-1-5-... or group:NAME",
        )
    if kind == "sid":
        Sid.parse(value)
    return kind, value
