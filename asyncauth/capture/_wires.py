"""Which reader goes with which framing."""

from __future__ import annotations

from ..framings import GssSample, NegotiateStream, Sasl, Winsock
from ._gss_sample import GssSampleWire
from ._ldap import LdapWire, begins_ldap
from ._negotiate_stream import NegotiateStreamWire
from ._reading import Cut, Wire, unreadable
from ._sasl import SaslWire
from ._winsock import WinsockWire

__all__ = ["wire_of"]

_DECIDED_BYTES = 64
_FRAMINGS = (
    NegotiateStream(), GssSample(), GssSample(1), Winsock(), Sasl("GSSAPI"), Sasl("GSS-SPNEGO"),
)  # fmt: skip


def wire_of(framing: str | None, *, bare: bool) -> Wire:
    """A reader for one connection.

    :param framing: name of the framing; None, or one that is not known, to go by the client's first bytes
    :param bare: data may be without protection, and so without framing where that depends on it
    """
    match framing:
        case "nns":
            return NegotiateStreamWire(bare=bare)
        case "winsock" | "winsock-one-shot":
            return WinsockWire(bare=bare, one_shot=framing != "winsock")
        case "gss-sample" | "gss-sample-v1":
            return GssSampleWire(1 if framing.endswith("v1") else 2)
        case "sasl":
            return SaslWire(bare=bare)
        case "ldap":
            return LdapWire()
        case _:
            return _Recognised(bare=bare)


class _Recognised:
    """Whichever of the framings a client begins like."""

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare
        self._wire: Wire | None = None

    def cut(self, sender: str, data: bytes, ended: bool, /) -> Cut | None:
        if self._wire is None:
            if sender == "<":
                return unreadable(len(data))
            names = self._claims(data[:_DECIDED_BYTES])
            if names is None:
                return None
            if len(names) != 1:
                return unreadable(len(data))
            self._wire = wire_of(names[0], bare=self._bare)
        return self._wire.cut(sender, data, ended)

    def _claims(self, start: bytes) -> list[str] | None:
        """The framings that claim such a client; None if they do not know yet."""
        verdicts = [(framing.name, framing.claims(start)) for framing in _FRAMINGS]
        verdicts.append(("ldap", begins_ldap(start)))
        if len(start) < _DECIDED_BYTES and any(claimed is None for _, claimed in verdicts):
            return None
        return [name for name, claimed in verdicts if claimed]
