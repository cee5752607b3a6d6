"""Point this very process at one or more realms, and put everything back afterwards.

``libkrb5`` knows one way to be told its configuration: the variable ``KRB5_CONFIG``. It may name several
files, separated by colons; the sections of all of them count, and where two say different things the first
one is heard. So an AD realm and an MIT realm work in one process at the same time: both are known by name,
``default_realm`` and the default cache are those of the realm that was pointed at first. A target name with
an empty realm (``http/app1@``) goes to the realm of the ticket that is used, whichever that is. Two realms
of one name cannot be told apart that way, so the second is refused.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ._errors import RealmError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["pointed_at"]

_lock = threading.Lock()
_configs: dict[str, str] = {}
"""By realm, in the order in which they came."""
_before: dict[str, str] = {}


@contextmanager
def pointed_at(realm: str, config: Path) -> Iterator[None]:
    """Let libkrb5 in this process read this krb5.conf, and no cache, keytab or setting from outside.

    :raises RealmError: the process is pointed at a realm of this name already
    """
    _enter(realm, str(config))
    try:
        yield
    finally:
        _leave(realm)


def _enter(realm: str, config: str) -> None:
    with _lock:
        if realm in _configs:
            raise RealmError(
                f"this process uses another realm {realm} already", fix="give one of the two another name"
            )
        if not _configs:
            _before.update({name: os.environ.pop(name) for name in _of_kerberos()})
        _configs[realm] = config
        os.environ["KRB5_CONFIG"] = ":".join(_configs.values())


def _leave(realm: str) -> None:
    with _lock:
        del _configs[realm]
        if _configs:
            os.environ["KRB5_CONFIG"] = ":".join(_configs.values())
            return
        os.environ.pop("KRB5_CONFIG", None)
        os.environ.update(_before)
        _before.clear()


def _of_kerberos() -> list[str]:
    """The variables that would lead libkrb5 elsewhere; its trace is left on."""
    return [name for name in os.environ if name.startswith("KRB5") and name != "KRB5_TRACE"]
