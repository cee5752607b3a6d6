"""``start_realm``: choose a kind, find a place, start it."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from .._errors import MechanismUnavailable
from ._errors import RealmError
from ._household import Household
from ._mit import MitRealm
from ._samba import SambaRealm
from ._tickets import require_krb5

if TYPE_CHECKING:
    from ._realm import Progress

__all__ = ["start_realm"]

AWKWARD = set(" \t\n:;%#\"'\\{}")
"""Characters that smb.conf, krb5.conf or the list in ``KRB5_CONFIG`` take for something else."""
NAME = re.compile(r"[A-Z0-9-]+(\.[A-Z0-9-]+)+")


@overload
def start_realm(
    kind: Literal["ad"],
    name: str = ...,
    directory: Path | None = ...,
    *,
    progress: Progress | None = ...,
    keep: bool = ...,
) -> SambaRealm: ...
@overload
def start_realm(
    kind: Literal["mit"],
    name: str = ...,
    directory: Path | None = ...,
    *,
    progress: Progress | None = ...,
    keep: bool = ...,
) -> MitRealm: ...
@overload
def start_realm(
    kind: Literal["auto", "ad", "mit"] = ...,
    name: str = ...,
    directory: Path | None = ...,
    *,
    progress: Progress | None = ...,
    keep: bool = ...,
) -> SambaRealm | MitRealm: ...
def start_realm(
    kind: Literal["auto", "ad", "mit"] = "auto",
    name: str = "EXAMPLE.TEST",
    directory: Path | None = None,
    *,
    progress: Progress | None = None,
    keep: bool = False,
) -> SambaRealm | MitRealm:
    """Start a throw-away realm; about three seconds for AD, a third of one for MIT.

    The realm listens on a loopback address of its own, so any number run side by side. It lives until
    :meth:`Realm.stop`, the end of its ``with`` block, or the end of this process, killed or not; then its
    processes and its directory are gone. Nothing of the machine's Kerberos, DNS and hosts configuration is
    read or changed; this process's environment is not changed either, see :meth:`Realm.use`.

    :param kind: ``ad`` is a Samba Active Directory, which needs Linux, root and Debian's packages; ``mit``
        an MIT KDC; ``auto`` is ``ad`` where it is possible, else ``mit``
    :param name: the realm's name: capitals, at least two labels
    :param directory: where it lives: it must be empty or not be there yet; None for a new one in the
        system's temporary directory
    :param progress: called with a line before each step
    :param keep: leave the directory behind, logs and all
    :raises MechanismUnavailable: parts are missing; ``fix`` says what to install
    :raises RealmError: it did not come up, or the directory cannot be used
    """
    if sys.platform != "linux":
        raise MechanismUnavailable("throw-away realms run on Linux only", fix="run this on Linux")
    require_krb5()
    if not NAME.fullmatch(name):
        raise RealmError(f"{name!r} is no name for a realm", fix="capitals and dots, such as EXAMPLE.TEST")
    tell = progress or _say_nothing
    try:
        return _started(_choose(kind), name, directory, tell, keep=keep)
    except MechanismUnavailable as missing:
        if kind != "auto" or MitRealm.missing() is not None:
            raise
        tell(f"an MIT realm instead: {missing.message}")
        return _started(MitRealm, name, directory, tell, keep=keep)


def _started(
    made: type[SambaRealm | MitRealm], name: str, directory: Path | None, tell: Progress, *, keep: bool
) -> SambaRealm | MitRealm:
    with made.reserve() as reservation:
        place, ending = _place(directory, keep=keep)
        realm = made(name, Household(place, ending, reservation), reservation.address)
    try:
        realm.start(tell)
    except BaseException:
        realm.stop()
        raise
    return realm


def _choose(kind: Literal["auto", "ad", "mit"]) -> type[SambaRealm | MitRealm]:
    """The class to begin with, if its parts are here as far as one can see."""
    made: type[SambaRealm | MitRealm] = MitRealm if kind == "mit" else SambaRealm
    missing = made.missing()
    if missing is not None and kind == "auto" and (no_mit := MitRealm.missing()) is not None:
        missing.fix = f"{missing.fix}; or, for an MIT realm, {no_mit.fix}"
    if missing is not None:
        raise missing
    return made


def _place(directory: Path | None, *, keep: bool) -> tuple[Path, str]:
    """The directory, there and empty, and what the keeper is to do with it at the end."""
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="asyncauth-realm-")).resolve(), "keep" if keep else "remove"
    place = directory.resolve()
    if awkward := set(str(place)) & AWKWARD:
        raise RealmError(f"the directory {place} has {' '.join(awkward)!r} in its name", fix="name another")
    try:
        there = place.is_dir()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise RealmError(f"the directory {place} is not empty", fix="name one that is empty or new")
    except OSError as error:
        raise RealmError(
            f"the directory {place} cannot be used: {error.strerror}", fix="name another"
        ) from error
    return place, "keep" if keep else "empty" if there else "remove"


def _say_nothing(_: str) -> None:
    return
