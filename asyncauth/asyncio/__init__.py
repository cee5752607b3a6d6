"""asyncio's own layer: transports, protocols and streams, with no other library in between.

The functions have the names and the manners of asyncio's; what they add is a :class:`~asyncauth.Target` that says who
the server must prove to be, and a mechanism that proves it. An application's :class:`asyncio.Protocol` needs no change.

==============================  ==========================================================================
:func:`create_connection`       a client's transport and protocol
:func:`create_server`           a protocol for each client that has authenticated
:func:`open_connection`         a client's StreamReader and StreamWriter
:func:`start_server`            the same for each client that has authenticated
:func:`start_auth`              authenticate a connection that is already in use, like ``loop.start_tls``
:func:`upgrade_streams`         the same for a StreamReader and StreamWriter
:func:`adopt`                   go on where another protocol has carried the handshake, as SASL in LDAP
:func:`adopt_streams`           the same for a StreamReader and StreamWriter
==============================  ==========================================================================
"""

from ._accepted import Refused
from ._adopt import adopt, adopt_streams
from ._open import create_connection
from ._server import AuthenticatedServer, create_server
from ._streams import open_connection, start_server
from ._transport import AuthenticatedTransport
from ._upgrade import start_auth, upgrade_streams

__all__ = [
    "AuthenticatedServer",
    "AuthenticatedTransport",
    "Refused",
    "adopt",
    "adopt_streams",
    "create_connection",
    "create_server",
    "open_connection",
    "start_auth",
    "start_server",
    "upgrade_streams",
]
