"""All of it, in the order of the numbers."""

from __future__ import annotations

from ._credentials import CREDENTIALS
from ._keys import KEYS
from ._messages import MESSAGES
from ._model import Failure
from ._names import NAMES
from ._network import NETWORK
from ._own import KINDS
from ._protection import PROTECTION

__all__ = ["FAILURES", "KINDS"]

FAILURES: tuple[Failure, ...] = tuple(
    sorted(
        (*NAMES, *CREDENTIALS, *KEYS, *NETWORK, *PROTECTION, *MESSAGES),
        key=lambda failure: failure.number,
    )
)
