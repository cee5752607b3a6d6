"""From settings to the calls that are measured; imports what they need, and no other layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._common import Family, Tally
    from ._settings import Settings
    from ._wires import Wire

__all__ = ["family", "wire"]


def wire(settings: Settings, tally: Tally, *, server: bool) -> Wire:
    """What the subject's connections are made of."""
    match settings.subject:
        case "tcp":
            from ._wires import TcpWire

            return TcpWire(settings, tally)
        case "mtls":
            from ._tls import TlsWire

            return TlsWire(settings, tally, server=server)  # type: ignore[return-value]  # asyncio's half of one
        case "pyspnego":
            from ._spnego import SpnegoWire

            return SpnegoWire(settings, tally)
        case _:
            from ._wires import AsyncAuthWire

            return AsyncAuthWire(settings, tally)


def family(name: str, over: Wire) -> Family:
    """The calls of that name."""
    match name:
        case "anyio":
            from ._anyio import AnyioFamily

            return AnyioFamily(over)
        case "protocol":
            from ._protocols import ProtocolFamily

            return ProtocolFamily(over)
        case _:
            from ._streams import StreamsFamily

            return StreamsFamily(over)
