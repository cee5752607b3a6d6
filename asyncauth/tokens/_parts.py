"""What a reader of tokens notes down as it goes: which bytes are what, and which of them nobody else should see."""

from __future__ import annotations

from typing import NamedTuple

from ._der import MalformedToken

__all__ = ["Notes", "Part", "readable"]

_MOST_CHARACTERS = 300


class Part(NamedTuple):
    """Some bytes of a token or message and what they are.

    :param offset: from the beginning of what was described, in bytes
    :param size: bytes
    :param text: a few words; names in it come from the network, and control characters are escaped
    :param secret: not to be shown to strangers: encrypted, a proof that could be replayed, or not understood
    """

    offset: int
    size: int
    text: str
    secret: bool = False


class Notes:
    """A token that is being read.

    :param data: all of it, with what it is embedded in
    """

    __slots__ = ("data", "parts")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.parts: list[Part] = []

    def add(self, start: int, end: int, text: str) -> None:
        self.parts.append(Part(start, end - start, text))

    def hide(self, start: int, end: int, text: str) -> None:
        """Note bytes that are secret, or that nobody here understands."""
        self.parts.append(Part(start, end - start, text, secret=True))

    def text(self, start: int, end: int) -> str:
        """Bytes as UTF-8; MalformedToken if they are not."""
        try:
            return str(self.data[start:end], "utf-8")
        except UnicodeDecodeError:
            raise MalformedToken(f"the text at byte {start} of the token is not UTF-8") from None


def readable(text: str) -> str:
    """A text of somebody else's for a line: control characters escaped, and not too much of it."""
    shown = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in shown)
