"""``--dump FILE``: conversations written down as they pass, without their secrets (docs/dump.md).

Noting is putting the bytes into a queue; a thread finds out what may be written and writes it, since a disk may wait.
If the thread falls behind, connections wait for it before they take more, at a point where a cancelled call has neither
taken nor sent anything.

A dump that cannot be written any more, for want of space say, ends there and then with a warning; connections go on.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from queue import SimpleQueue
from typing import NamedTuple

import anyio

from .. import __version__
from .._errors import AsyncAuthError
from ..capture import Redactor, head_text, wire_of

__all__ = ["DumpFile", "Passed", "dump_of", "new_file", "shared_dump"]

_log = logging.getLogger("asyncauth.cli")

_BACKLOG_BYTES = 16_777_216
_PAUSE = 0.01
_PATIENCE = 5.0
"""Seconds that the last lines may take to be written."""


class Passed(NamedTuple):
    """Something to be written down.

    :param data: bytes of ``sender``, none for the end of its stream; None for the end of the connection
    """

    connection: int
    seconds: float
    sender: str
    data: bytes | None


class _Began(NamedTuple):
    connection: int
    time: str
    address: str


class DumpFile:
    """A file that conversations are written to; of one process, and used from one event loop.

    :param descriptor: an open file, which is closed in the end
    :param name: for messages
    :param framing: of all connections
    :param bare: data may be without protection
    :param worker: number of the process, where several write to the file
    """

    def __init__(
        self, descriptor: int, name: str, *, framing: str, bare: bool, worker: int | None = None
    ) -> None:
        self._descriptor = descriptor
        self._name = name
        self._framing = framing
        self._bare = bare
        self._prefix = "" if worker is None else f"{worker}."
        self._queue: SimpleQueue[Passed | _Began | None] = SimpleQueue()
        self._put = self._done = self._count = 0
        self._redactors: dict[int, Redactor] = {}
        self._thread = threading.Thread(target=self._write_all, name="asyncauth dump", daemon=True)
        self._thread.start()

    def connection(self, address: str) -> int:
        """Begin a connection; its number is returned.

        :param address: the other end's; empty if it is not to be had
        """
        self._count += 1
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._queue.put(_Began(self._count, now, address))
        return self._count

    def note(self, passed: Passed) -> None:
        """Have something written; does not wait."""
        self._put += len(passed.data or b"")
        self._queue.put(passed)

    async def room(self) -> None:
        """Wait while the file is far behind. Cancelled, it has done nothing."""
        while self._put - self._done > _BACKLOG_BYTES:  # noqa: ASYNC110 - it is a thread that does it
            await anyio.sleep(_PAUSE)

    def close(self) -> None:
        """Write what is left and close the file; waits for that, five seconds at most."""
        self._queue.put(None)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            _log.warning("the dump %s could not be written to its end", self._name)
        else:
            os.close(self._descriptor)

    def _write_all(self) -> None:
        writing = True
        while (entry := self._queue.get()) is not None:
            writing = writing and self._written(partial(self._lines, entry))
            if isinstance(entry, Passed):
                self._done += len(entry.data or b"")
        if writing:
            self._written(lambda: "".join(each.closed(None) for each in self._redactors.values()))

    def _lines(self, entry: Passed | _Began) -> str:
        number = entry.connection
        if isinstance(entry, _Began):
            wire = wire_of(self._framing, bare=self._bare)
            self._redactors[number] = Redactor(f"{self._prefix}{number}", wire)
            return self._redactors[number].opened(entry.time, entry.address)
        if number not in self._redactors:
            return ""
        if entry.data is None:
            return self._redactors.pop(number).closed(entry.seconds)
        return self._redactors[number].passed(entry.sender, entry.seconds, entry.data)

    def _written(self, lines: Callable[[], str]) -> bool:
        """Whether the lines could be written; in one piece, as other processes write to the same file."""
        try:
            left = memoryview(lines().encode())
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            _log.warning("the dump %s ends here: %s", self._name, error.strerror)
            return False
        except Exception:  # noqa: BLE001 - a mistake of ours: a dump is not worth a connection
            _log.exception("the dump %s ends here", self._name)
            return False
        return True


@contextmanager
def dump_of(arguments: argparse.Namespace, role: str) -> Iterator[DumpFile | None]:
    """The dump of ``--dump``, None without it; complete when this is left.

    :param role: ours, ``client`` or ``server``
    :raises AsyncAuthError: the file exists or cannot be made
    """
    with shared_dump(new_file(arguments, role), arguments) as file:
        yield file


@contextmanager
def shared_dump(
    descriptor: int | None, arguments: argparse.Namespace, worker: int | None = None
) -> Iterator[DumpFile | None]:
    """The same for a file that is open already, None for none.

    :param worker: the number of this process, where several share the file
    """
    if descriptor is None:
        yield None
        return
    bare = arguments.require == "none"
    file = DumpFile(descriptor, arguments.dump, framing=arguments.framing, bare=bare, worker=worker)
    try:
        yield file
    finally:
        file.close()


def new_file(arguments: argparse.Namespace, role: str) -> int | None:
    """Make the file, readable for its owner only, with its head; None without ``--dump``.

    Nothing is appended to or written over. :raises AsyncAuthError: the file exists or cannot be made
    """
    path = arguments.dump
    if path is None:
        return None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
        os.write(descriptor, head_text(_head(arguments, role)).encode())
    except OSError as error:
        raise AsyncAuthError(
            f"cannot write the dump {path}: {error.strerror}",
            fix="give the name of a file that does not exist, in a directory that can be written to",
        ) from error
    return descriptor


def _head(arguments: argparse.Namespace, role: str) -> Iterator[tuple[str, str]]:
    yield "dump", "1, encrypted and unprotected data left out"
    yield "role", role
    yield "framing", arguments.framing
    yield "mechanism", arguments.mechanism
    yield "require", arguments.require
    yield "mutual", "yes" if arguments.mutual else "no"
    yield "asyncauth", __version__
    yield "python", f"{platform.python_version()} on {sys.platform}"
    for package in ("gssapi", "krb5", "pyspnego", "anyio"):
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, "not installed"
