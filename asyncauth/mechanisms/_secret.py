"""A password or a key that shows itself to nobody who has not asked for it by name.

Locals of every frame end up in the reports of rich, of pytest, of error trackers, each of which calls ``repr``; and
whatever can be pickled is one day found in a cache or a queue. So the value lies in an object whose ``repr`` says
nothing and that refuses to be pickled, and our own code hands it to the library that needs it in the same expression
that reveals it, so that no local variable ever holds it.
"""

from __future__ import annotations

import hmac
from typing import Generic, NoReturn, TypeVar

__all__ = ["Secret"]

Text = TypeVar("Text", str, bytes)


class Secret(Generic[Text]):
    """Holds a password (``str``) or a key (``bytes``); equal to another that holds the same."""

    __slots__ = ("_value",)

    def __init__(self, value: Text) -> None:
        self._value: Text = value

    def reveal(self) -> Text:
        """The value itself. Do not give it a name: a local variable is seen in tracebacks."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret[Text]:
        return self

    def __deepcopy__(self, memo: object) -> Secret[Text]:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled: give the other process a way to read it for itself")


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
