"""Mutual authentication and encryption for asyncio and Trio, with the service's identity from the directory.

The names here are the anyio side, which runs on asyncio and on Trio; :mod:`asyncauth.asyncio` is asyncio's own.
"""

from ._anyio._attributes import AuthAttribute
from ._anyio._connect import connect, connect_service, serve
from ._anyio._listener import AuthenticatedListener
from ._anyio._stream import AuthenticatedStream
from ._claims import Claims
from ._errors import (
    AsyncAuthError,
    AuthenticationError,
    AuthorizationError,
    ConnectError,
    CredentialError,
    DirectoryError,
    DiscoveryError,
    DuplicateName,
    FrameTooLarge,
    HandshakeTimeout,
    IntegrityError,
    InvalidName,
    LocalProtocolError,
    MalformedRecord,
    MechanismError,
    MechanismUnavailable,
    PeerRejected,
    ProtectionError,
    ProtocolError,
    RemoteProtocolError,
    ServiceNotFound,
    TargetError,
    TruncatedStream,
)
from ._sid import Sid
from ._spn import ServicePrincipalName
from ._types import Binding, ConnectionInfo, Delegation, Limits, Peer, Policy, Protection, Role, Target

__version__ = "0.1.0.dev0"

__all__ = [
    "AsyncAuthError",
    "AuthAttribute",
    "AuthenticatedListener",
    "AuthenticatedStream",
    "AuthenticationError",
    "AuthorizationError",
    "Binding",
    "Claims",
    "ConnectError",
    "ConnectionInfo",
    "CredentialError",
    "Delegation",
    "DirectoryError",
    "DiscoveryError",
    "DuplicateName",
    "FrameTooLarge",
    "HandshakeTimeout",
    "IntegrityError",
    "InvalidName",
    "Limits",
    "LocalProtocolError",
    "MalformedRecord",
    "MechanismError",
    "MechanismUnavailable",
    "Peer",
    "PeerRejected",
    "Policy",
    "Protection",
    "ProtectionError",
    "ProtocolError",
    "RemoteProtocolError",
    "Role",
    "ServiceNotFound",
    "ServicePrincipalName",
    "Sid",
    "Target",
    "TargetError",
    "TruncatedStream",
    "connect",
    "connect_service",
    "serve",
]
