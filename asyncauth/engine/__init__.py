"""The engine: bytes in, events and bytes out. No loop, socket, thread or clock is known here."""

from ._connection import Connection
from ._events import (
    NEED_DATA,
    PAUSED,
    DataReceived,
    DecisionRequired,
    EndOfData,
    Established,
    Event,
    StepRequired,
)

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "Connection",
    "DataReceived",
    "DecisionRequired",
    "EndOfData",
    "Established",
    "Event",
    "StepRequired",
]
