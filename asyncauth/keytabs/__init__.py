"""Keytabs: what is in one, whether the KDC agrees, and how to write one.

Everything here is plain, synchronous code: it reads and writes files, and what asks the KDC waits for it, half a
minute if it is silent. On an event loop call it through a thread (``anyio.to_thread.run_sync``). The package
``krb5`` does the work; without it every function raises :exc:`~asyncauth.MechanismUnavailable`.
"""

from ..mechanisms._krb5 import KeytabEntry
from ..mechanisms._secret import Secret
from ._check import Outcome, Verdict, check_keytab
from ._file import read_keytab, write_keytab
from ._findings import Finding, findings
from ._keys import AES, Salt, current_kvno, default_salt, keys_from_keytab, keys_from_password, salt_from_kdc

__all__ = [
    "AES",
    "Finding",
    "KeytabEntry",
    "Outcome",
    "Salt",
    "Secret",
    "Verdict",
    "check_keytab",
    "current_kvno",
    "default_salt",
    "findings",
    "keys_from_keytab",
    "keys_from_password",
    "read_keytab",
    "salt_from_kdc",
    "write_keytab",
]
