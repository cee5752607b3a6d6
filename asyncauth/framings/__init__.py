"""The wire formats: each describes its headers and its handshake, and holds no bytes and no state."""

from ._negotiate_stream import NegotiateStream
from ._winsock import Winsock

__all__ = ["NegotiateStream", "Winsock"]
