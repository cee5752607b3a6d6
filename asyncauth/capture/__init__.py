"""Conversations as they passed on the wire: written down without their secrets, read back, told in words.

Sans I/O: a :class:`Redactor` makes a dump's lines of what it is fed, :class:`Dump` reads a file's text, and
:func:`messages` cuts it into messages. The format is described in docs/dump.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._format import CLIENT, CLOSED, OPENED, SERVER, Chunk, Dump, MalformedDump, Opened, head_text, line
from ._reading import Message, Reading
from ._redactor import Redactor
from ._wires import wire_of
from ._words import fields, words

__all__ = [
    "CLIENT", "CLOSED", "OPENED", "SERVER", "Chunk", "Dump", "MalformedDump", "Message", "Opened", "Reading",
    "Redactor", "fields", "head_text", "line", "messages", "wire_of", "words",
]  # fmt: skip


def messages(dump: Dump, connection: str = "1") -> Iterator[Message | Chunk]:
    """What was said on one connection, in order; a :class:`Chunk` without data is the end of a byte stream.

    Whether data may be bare is what the head says under ``protection`` or ``require``.
    """
    bare = any((dump.get(key) or "").lower() == "none" for key in ("protection", "require"))
    reading = Reading(wire_of(dump.get("framing"), bare=bare))
    chunks = dump.chunks.get(connection, [])
    for chunk in chunks:
        if chunk.data:
            yield from reading.feed(chunk.sender, chunk.seconds, chunk.data, chunk.hidden)
        else:
            yield from reading.end(chunk.sender)
            yield chunk
    for sender in (CLIENT, SERVER):
        yield from reading.end(sender)
