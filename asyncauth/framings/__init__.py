"""The wire formats: each describes its headers and its handshake, and holds no bytes and no state."""

from ._any_of import AnyOf
from ._gss_sample import GssSample
from ._negotiate_stream import NegotiateStream
from ._one_shot import WinsockOneShot
from ._sasl import Sasl
from ._winsock import Winsock

__all__ = ["AnyOf", "GssSample", "NegotiateStream", "Sasl", "Winsock", "WinsockOneShot"]
