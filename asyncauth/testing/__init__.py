"""Helpers for tests: of asyncauth itself and of other people's programs. Importing it needs no pytest."""

from __future__ import annotations

from ._accounts import Service, User
from ._directory import MemoryDirectory
from ._errors import RealmError
from ._mit import MitRealm
from ._pair import EnginePair, Side
from ._realm import Realm
from ._samba import SambaRealm
from ._scripted import ScriptedMechanism
from ._start import start_realm

__all__ = [
    "EnginePair",
    "MemoryDirectory",
    "MitRealm",
    "Realm",
    "RealmError",
    "SambaRealm",
    "ScriptedMechanism",
    "Service",
    "Side",
    "User",
    "start_realm",
]
