"""A server's keys for GSSAPI.

They are a copy in memory of its keytab, or of some of its entries, trusted for a few seconds: a
rotated keytab needs no restart, no file is read on the event loop, and a handshake costs 10 to 30 microseconds less.
If the file cannot be read for a while, or is just being written, the server goes on with the keys that it has.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

from gssapi import raw

from ..._errors import CredentialError
from .._codes import Phase, Where
from .._krb5._memory import MemoryKeytab
from .._sources import DefaultCredential, Keytab
from ._errors import translated

__all__ = ["KRB5", "MECHANISMS", "SPNEGO", "Acceptor"]

KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = raw.OID.from_int_seq("1.3.6.1.5.5.2")
MECHANISMS = {"kerberos": KRB5, "negotiate": SPNEGO}

_TRUST_SECONDS = 5.0
_SETTLING_SECONDS = 0.25

logger = logging.getLogger("asyncauth")


class _HeldKeys(raw.Creds):
    """Credentials that keep the keytab they lie in."""

    keytab: MemoryKeytab


class Acceptor:
    """A server's credentials for one mechanism, ``kerberos`` or ``negotiate``."""

    def __init__(self, source: DefaultCredential | Keytab, mechanism: str) -> None:
        self._keys = source if isinstance(source, Keytab) else None
        self._description = str(self._keys or "the default keytab")
        self._mechs = [KRB5] if mechanism == "kerberos" else [KRB5, SPNEGO]
        self._lock = threading.Lock()
        self._creds: raw.Creds | None = None
        self._until = 0.0
        self._failing = False

    def ready(self) -> bool:
        """True if :meth:`use` will not wait."""
        return self._creds is not None and time.monotonic() < self._until

    def use(self) -> raw.Creds:
        """Credentials for a handshake; reads the keytab unless ready.

        :raises CredentialError: it cannot be read or lacks an SPN, and could never be read before
        """
        creds = self._creds
        if creds is not None and self.ready():
            return creds
        with self._lock:
            if self._creds is None or not self.ready():
                self._creds = self._read(self._creds)
            return self._creds

    def where(self, phase: Phase) -> Where:
        """The names for an error's text."""
        return Where(phase, self._description)

    def _read(self, old: raw.Creds | None) -> raw.Creds:
        """The keys as they are now, else those that there were; these serve the others while we read."""
        self._until = time.monotonic() + _TRUST_SECONDS
        try:
            creds = self._acquire()
        except CredentialError as error:
            if old is None:
                raise
            logger.log(
                logging.DEBUG if self._failing else logging.WARNING, "going on with old keys: %s", error
            )
            self._failing = True
            return old
        self._failing = False
        return creds

    def _acquire(self) -> raw.Creds:
        keytab = MemoryKeytab.copied(self._keys)
        if self._keys is not None and _just_written(self._keys.path):
            self._until = time.monotonic() + min(_TRUST_SECONDS, _SETTLING_SECONDS)
        with translated(self.where(Phase.KEYTAB)):
            held = _HeldKeys(
                raw.acquire_cred_from({b"keytab": keytab.name}, usage="accept", mechs=self._mechs).creds
            )
        held.keytab = keytab
        return held


def _just_written(path: str | os.PathLike[str]) -> bool:
    """True if the file may not be complete yet; what was read of it is then to be trusted for a moment only."""
    try:
        return abs(time.time() - Path(path).stat().st_mtime) < _SETTLING_SECONDS
    except OSError:
        return False
