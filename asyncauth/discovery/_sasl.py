"""SASL over a security context: GSSAPI (RFC 4752) and GSS-SPNEGO (MS-ADTS 3.1.1.3.4.5.2), sealed or not at all.

Why not ldap3's own. Its Kerberos bind asks for the host-based name ``ldap@host``, so that the KDC's answer
depends on how DNS canonicalises the host, and it takes its credentials from the environment; we ask for one
exact name with the caller's credentials. It imports GSSAPI and WinKerberos by itself; we use the mechanism that
the caller chose, on either platform. It drops what follows the first sealed buffer when two come in one read, and
it takes a short read of the length for the length. And it is content with buffers that are signed only.

So the handshake is here, and afterwards a socket that seals what ldap3 sends and opens what it receives; ldap3
itself sees plain LDAP. The buffers are 4 bytes of length, big-endian, and a GSS_Wrap token (RFC 4422 section 3.7).
Time is checked here too, at every read: ldap3's own timeout is whole seconds for each, however many there are.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from .._errors import DirectoryError, IntegrityError, ProtectionError, RemoteProtocolError
from .._sasl_layer import LARGEST, OVERHEAD, Choice, Offer
from .._types import Protection
from ..abc import SecurityContext, StepResult
from ._deadline import Deadline

__all__ = ["Bind", "Wire", "bind_gssapi", "bind_spnego"]

Bind = Callable[[bytes], tuple[bool, bytes]]
"""Sends one bind request with this token; gives whether the server is satisfied, and its token."""

_SMALLEST = 1024
_DEFAULT_BUFFER = 65_536
_MOST_PLAIN = 262_144
"""Bytes that a server which has proved nothing may send."""
_LENGTH = struct.Struct(">I")
_MOST_LEGS = 10


def bind_gssapi(context: SecurityContext, bind: Bind, server: str) -> int:
    """Authenticate and agree on sealing; return the largest buffer the server takes, in bytes.

    :param server: its name for errors
    :raises ProtectionError: the server is not proved, or offers no sealing
    :raises MechanismError: the mechanism refused
    """
    offer, done = _authenticate(context, bind, server)
    if done:
        raise _too_early(server)
    size = _size_if_sealing(context.unwrap(offer).data, server)
    done, _ = bind(context.wrap(Choice(Protection.SEAL, LARGEST).build(), False))
    if not done:
        raise _too_early(server)
    return size


def _size_if_sealing(offered: bytes, server: str) -> int:
    try:
        offer = Offer.parse(offered)
    except RemoteProtocolError:
        offer = Offer(frozenset(), 0)
    if Protection.SEAL not in offer.layers:
        raise ProtectionError(
            f"the directory server {server} offers no encryption", fix="enable sealing on the server"
        )
    return offer.size


def bind_spnego(context: SecurityContext, bind: Bind, server: str) -> int:
    """Authenticate; the layer follows from the context's flags. Errors and result as :func:`bind_gssapi`."""
    _, done = _authenticate(context, bind, server, last=False)
    if not done:
        raise _too_early(server)
    return _DEFAULT_BUFFER


def _authenticate(
    context: SecurityContext, bind: Bind, server: str, *, last: bool = True
) -> tuple[bytes, bool]:
    """Run the context to its end; the server's last token, and whether it is satisfied.

    :param last: send an empty response after the server's last token, as RFC 4752 wants it
    """
    step = _step(context, None, server)
    for _ in range(_MOST_LEGS):
        done, token = bind(step.token or b"")
        if step.complete:
            return token, done
        step = _step(context, token, server)
        if step.complete and not step.token and (done or not last):
            return b"", done
        if done:
            break
    raise _too_early(server)


def _step(context: SecurityContext, token: bytes | None, server: str) -> StepResult:
    """One step; a context that is complete must be what we insist on, before anything more is said."""
    step = context.step(token)
    if step.complete:
        info = context.info()
        if not info.mutual or info.protection is not Protection.SEAL:
            raise ProtectionError(
                f"the directory server {server} is not authenticated, or nothing said to it would be encrypted",
                fix="use Kerberos for the directory",
            )
    return step


def _too_early(server: str) -> ProtectionError:
    return ProtectionError(
        f"the directory server {server} ended the authentication before it was complete",
        fix="check that this is a domain controller",
    )


class Wire:
    """A connected socket under a deadline, plain until :meth:`seal`; what ldap3 uses for its socket.

    Its own errors are ours and no OSError, so that ldap3 lets them through as they are.
    """

    def __init__(self, raw: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self.deadline = deadline
        self._context: SecurityContext | None = None
        self._chunk = 0
        self._plain = 0

    def seal(self, context: SecurityContext, largest: int) -> None:
        """From here on everything is sealed, in buffers of at most that many bytes for the server."""
        if largest < _SMALLEST:
            raise DirectoryError(
                f"the server takes buffers of {largest} bytes only", fix="use another server"
            )
        self._context = context
        self._chunk = min(largest, _DEFAULT_BUFFER) - OVERHEAD

    def sendall(self, data: bytes) -> None:
        """Send, in time."""
        for buffer in self._sealed(data):
            self._raw.settimeout(self.deadline.left())
            try:
                self._raw.sendall(buffer)
            except TimeoutError:
                raise self.deadline.error() from None

    def recv(self, size: int) -> bytes:
        """Some bytes, none at the end of the stream; when sealed, a whole message whatever its size."""
        if self._context is not None:
            return self._next(self._context)
        data = self._read(size)
        self._plain += len(data)
        if self._plain > _MOST_PLAIN:
            raise DirectoryError(
                f"the directory server sent more than {_MOST_PLAIN} bytes before it was authenticated",
                fix="check that this is a domain controller",
            )
        return data

    def _sealed(self, data: bytes) -> list[bytes]:
        if self._context is None:
            return [data]
        parts = (data[at : at + self._chunk] for at in range(0, len(data), self._chunk))
        tokens = [self._context.wrap(part, True) for part in parts]
        return [b"".join(_LENGTH.pack(len(token)) + token for token in tokens)]

    def _next(self, context: SecurityContext) -> bytes:
        """The next message that is not empty; empty at the end of the stream."""
        while head := self._exactly(_LENGTH.size, end_allowed=True):
            (size,) = _LENGTH.unpack(head)
            if size > LARGEST:
                raise IntegrityError(f"the directory server announced a buffer of {size} bytes")
            message = context.unwrap(self._exactly(size))
            if not message.sealed:
                raise IntegrityError("the directory server sent a message that is not encrypted")
            if message.data:
                return message.data
        return b""

    def _exactly(self, size: int, *, end_allowed: bool = False) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self._read(size - len(data))
            if not part and not data and end_allowed:
                return b""
            if not part:
                raise ConnectionResetError("the stream ended inside a sealed buffer")
            data += part
        return bytes(data)

    def _read(self, size: int) -> bytes:
        self._raw.settimeout(self.deadline.left())
        try:
            return self._raw.recv(size)
        except TimeoutError:
            raise self.deadline.error() from None

    def hung_up(self) -> bool:
        """True if the server has closed the connection, or said something that nobody asked for."""
        try:
            self._raw.settimeout(0)
            self._raw.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def shutdown(self, how: int) -> None:
        """As the socket's own."""
        self._raw.shutdown(how)

    def close(self) -> None:
        """As the socket's own."""
        self._raw.close()
