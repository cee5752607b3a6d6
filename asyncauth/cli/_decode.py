"""``asyncauth decode``: a conversation that ``--dump`` wrote, or a single token, in plain words (docs/dump.md).

Nothing is decrypted and nobody asked. What is printed comes from whoever sent it.
"""

from __future__ import annotations

import argparse
import base64
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import AsyncAuthError
from ..capture import Chunk, Dump, MalformedDump, Message, fields, messages, words
from ..tokens import MalformedToken, Part, Token, describe
from ._options import UsageError

if TYPE_CHECKING:
    from ._output import Output

__all__ = ["run"]

_STDIN = "-"
_SENDERS = {">": "client", "<": "server"}
_NOT_TOLD = {"key", "plaintext"}
"""Of the captures in the tests, which are open books."""
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2})+")
_SCHEME = re.compile(r"(?:Negotiate|Kerberos|NTLM) +", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s:]+")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print it all; 0 then.

    :raises MalformedDump: the file is no dump; the message has the line
    :raises MalformedToken: there is no token in the text
    """
    if (arguments.file is None) == (arguments.token is None):
        raise UsageError("give either FILE or --token")
    if arguments.token is not None:
        _token(_stdin() if arguments.token == _STDIN else arguments.token, output)
    else:
        _dump(arguments.file, output)
    return 0


def _dump(path: str, output: Output) -> None:
    try:
        dump = Dump.parse(_stdin() if path == _STDIN else _text(Path(path).read_bytes()))
    except MalformedDump as error:
        error.message = f"{'stdin' if path == '-' else path}: {error.message}"
        raise
    head = {key: value for key, value in dump.head if key not in _NOT_TOLD}
    output.event("dump", head=head)
    output.rows(head, "")
    for connection in dump.chunks:
        _connection(dump, connection, output)


def _connection(dump: Dump, connection: str, output: Output) -> None:
    opened = dump.opened.get(connection)
    output.line()
    if opened is not None:
        text = f"connection {connection}, {opened.time}, with {opened.address or 'an unnamed address'}"
        output.event("connection", text, connection=connection, time=opened.time, address=opened.address)
    for said in messages(dump, connection):
        if isinstance(said, Chunk):
            sender = _SENDERS[said.sender]
            text = f"{said.seconds:11.6f}  {sender}  end of its stream"
            output.event("end", text, connection=connection, seconds=said.seconds, sender=sender)
        else:
            _message(said, connection, output)
    if connection in dump.closed:
        seconds = dump.closed[connection]
        output.event("closed", f"{seconds:11.6f}  closed here", connection=connection, seconds=seconds)


def _message(message: Message, connection: str, output: Output) -> None:
    sender = _SENDERS[message.sender]
    output.event(
        "message",
        f"{message.seconds:11.6f}  {sender}  {_title(message)}",
        connection=connection,
        seconds=message.seconds,
        sender=sender,
        position=message.position,
        size=message.size,
        title=message.title,
        framing=dict(message.framing),
        token=None if message.token is None else fields(message.token),
        parts=_parts(message.parts),
    )
    for line in _lines(message):
        output.line(f"{'':21}{line}")


def _title(message: Message) -> str:
    version = message.framing.get("version")
    marks = ", marks its end" if message.framing.get("marks_end") else ""
    return f"{message.title}, {message.size} bytes{f', version {version}{marks}' if version else ''}"


def _lines(message: Message) -> Sequence[str]:
    if message.token is not None:
        return words(message.token)
    return [message.framing["error"]] if "error" in message.framing else ()


def _token(text: str, output: Output) -> None:
    data = _decoded(text)
    try:
        token, parts = describe(data)
    except MalformedToken as error:
        error.fix = error.fix or "give all of the token, and nothing else"
        raise
    _tell(data, token, parts, output)


def _tell(data: bytes, token: Token, parts: Sequence[Part], output: Output) -> None:
    output.event("token", size=len(data), token=fields(token), parts=_parts(parts))
    for line in words(token):
        output.line(line)
    output.line()
    output.line("offset   size  field")
    for part in parts:
        output.line(f"{part.offset:>6} {part.size:>6}  {part.text}")


def _parts(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [{"offset": part.offset, "size": part.size, "text": part.text} for part in parts]


def _decoded(text: str) -> bytes:
    """The bytes of a text in hexadecimal, with blanks and colons or without, or in base64; as in an HTTP header too."""
    bare = _BETWEEN.sub("", _SCHEME.sub("", text.strip(), count=1))
    if _HEXADECIMAL.fullmatch(bare):
        return bytes.fromhex(bare)
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raise AsyncAuthError(
            "the text is neither hexadecimal nor base64", fix="give a token as bytes in one of these"
        ) from None


def _stdin() -> str:
    return _text(sys.stdin.buffer.read())


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise MalformedDump(
            f"line {number} is no line of a dump: it is not UTF-8",
            fix="give a file that --dump has written; docs/dump.md describes it",
        ) from None
