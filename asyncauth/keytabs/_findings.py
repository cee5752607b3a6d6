"""What is wrong with a keytab as far as the file itself shows it."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..mechanisms._krb5 import KeytabEntry
from ..tokens import enctype_name

__all__ = ["Finding", "findings", "is_weak"]

_WEAK = {1, 2, 3, 16, 23, 24}
"""DES (RFC 6649), triple DES and RC4 (RFC 8429)."""
_SHARED_BY = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    :param kind: ``mode``, ``weak``, ``shared`` or ``old``
    :param text: for people, with the names
    :param fix: what to do about it
    :param principals: whom it concerns
    """

    kind: str
    text: str
    fix: str
    principals: tuple[str, ...] = ()


def findings(path: str | os.PathLike[str], entries: Iterable[KeytabEntry]) -> list[Finding]:
    """What is wrong with the file and its entries; reads the file's mode, asks nobody."""
    held = list(entries)
    return [*_mode(Path(path)), *_weak(held), *_shared(held), *_old(held)]


def is_weak(enctype: int) -> bool:
    """True for an encryption type that nothing should use any more."""
    return enctype in _WEAK


def _mode(path: Path) -> Iterator[Finding]:
    if os.name != "posix":
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        yield Finding(
            "mode",
            f"{path} has mode {mode:04o}: others than its owner may read or change it, and so be the service",
            "chmod 600 the file; if others could read it, give the accounts new passwords",
        )


def _weak(entries: list[KeytabEntry]) -> Iterator[Finding]:
    by_type: dict[int, dict[str, None]] = defaultdict(dict)
    for entry in entries:
        if is_weak(entry.enctype):
            by_type[entry.enctype][entry.principal] = None
    for enctype, principals in by_type.items():
        yield Finding(
            "weak",
            f"{enctype_name(enctype)} is broken: keys of {_names(principals)}",
            "enable AES on the account, set its password anew, and write the keytab with AES keys only",
            tuple(principals),
        )


def _shared(entries: list[KeytabEntry]) -> Iterator[Finding]:
    """Services that one key makes indistinguishable; each group once, whatever its versions and types."""
    holders: dict[tuple[int, bytes], dict[str, None]] = defaultdict(dict)
    for entry in entries:
        if entry.is_service:
            holders[entry.enctype, entry.key.reveal()][entry.principal] = None
    groups = dict.fromkeys(tuple(names) for names in holders.values() if len(names) >= _SHARED_BY)
    for group in groups:
        yield Finding(
            "shared",
            f"one key is shared by {_names(group)}: each of these services can pass for the others",
            "give each service an account of its own; until then let the server insist on its SPN (target binding)",
            group,
        )


def _old(entries: list[KeytabEntry]) -> Iterator[Finding]:
    versions: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        versions[entry.principal].add(entry.kvno)
    for principal, kvnos in versions.items():
        if len(kvnos) > 1:
            newest, *old = sorted(kvnos, reverse=True)
            yield Finding(
                "old",
                f"{principal} has version {newest}, and {_numbers(old)} from before",
                "remove old versions when the last ticket made with them has ended, after a day at most",
                (principal,),
            )


def _names(principals: Iterable[str]) -> str:
    return ", ".join(principals)


def _numbers(kvnos: Iterable[int]) -> str:
    return ", ".join(map(str, kvnos))
