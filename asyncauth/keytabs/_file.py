"""Reading and writing keytab files.

A file is never changed where it lies: MIT adds entries to a copy beside it, which then takes its place. So a server
that reads the file sees the old one or the new one, never half of one, and a write that fails leaves the old one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from .._errors import CredentialError, MechanismUnavailable
from ..mechanisms._krb5 import KeytabEntry

__all__ = ["krb5_door", "read_keytab", "write_keytab"]

_EMPTY = b"\x05\x02"
"""Version 2 of the format, and no entry yet (MIT: keytab file format)."""
_OURS, _MOST = 0o600, 0o640


def krb5_door() -> ModuleType:
    """The module that speaks to the krb5 package.

    :raises MechanismUnavailable: the package is missing
    """
    try:
        from ..mechanisms._krb5 import _keys
    except ImportError as error:
        raise MechanismUnavailable(
            f"keytabs need the package krb5 ({error})", fix="install asyncauth[kerberos]"
        ) from error
    return _keys


def read_keytab(path: str | os.PathLike[str]) -> list[KeytabEntry]:
    """The entries of a keytab file, in its order.

    :raises CredentialError: it cannot be read or is no keytab
    """
    entries: list[KeytabEntry] = krb5_door().read_entries(path)
    return entries


def write_keytab(path: str | os.PathLike[str], entries: Iterable[KeytabEntry]) -> None:
    """Put entries into a keytab file, atomically, beside those that it has.

    An entry takes the place of one with the same principal, version and encryption type; all others stay, old versions
    above all: clients hold tickets made with them. A new file has mode 0600. An existing one keeps its owner and what
    its group may do, and nobody else may read it afterwards. A symbolic link stays, its target is replaced.

    :raises CredentialError: the file or its directory cannot be written, or the file is no keytab; it is unchanged
    """
    door, target = krb5_door(), Path(path).resolve()
    try:
        with _beside(target) as copy:
            door.add_entries(copy, entries)
    except OSError as error:
        raise CredentialError(
            f"the keytab {target} cannot be written: {error.strerror}",
            fix="check the permissions of the directory, and whether the disk is full",
        ) from error


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A private copy of the file, or a new empty one, that replaces it if nothing goes wrong."""
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # its mode is 0600
    copy = Path(name)
    try:
        with open(number, "wb") as file:  # noqa: PTH123 - it is open already
            file.write(target.read_bytes() if target.exists() else _EMPTY)
        yield copy
        _keep_owner(target, copy)
        _to_disk(copy)
        copy.replace(target)
        _to_disk(target.parent)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def _keep_owner(target: Path, copy: Path) -> None:
    if not target.exists():
        return
    old = target.stat()
    with suppress(PermissionError):  # who is not root gives nothing away, and owns the old file already
        os.chown(copy, old.st_uid, old.st_gid)
    copy.chmod(old.st_mode & _MOST | _OURS)


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
