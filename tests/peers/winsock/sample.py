"""Both ends of Microsoft's SSPI sockets sample, written again from its documentation.

Sources: Win32 SecAuthN, "Using SSPI with a Windows Sockets Client" and "... Server". Plain blocking sockets, GSSAPI
for the tokens, RFC 4121 read independently for the message. Nothing of asyncauth is used.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from gssapi import NameType, raw

from ..rfc4121 import Session, Wrapped

__all__ = ["LARGEST", "Message", "buffers", "client", "server", "session_of"]

KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
FLAGS = 0x02 | 0x04 | 0x08 | 0x10 | 0x20  # mutual, replay and sequence detection, confidentiality, integrity
LARGEST = 2048
SECONDS = 10


class Message:
    """What the sample's client finds in its buffer when the connection has ended."""

    def __init__(self, received: bytes) -> None:
        (self.trailer_size,) = struct.unpack_from("<L", received)
        self.trailer = received[4 : 4 + self.trailer_size]
        self.data = received[4 + self.trailer_size :]

    def read(self, session: Session) -> Wrapped:
        """Trailer and data are one Wrap token."""
        return session.unwrap(self.trailer + self.data)


def client(port: int, cache: str, spn: str) -> tuple[raw.SecurityContext, bytes]:
    """The sample's client: authenticate, then read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        context, answer = None, None
        while True:
            step = raw.init_sec_context(
                _name(spn), _credentials(cache), context, KRB5, FLAGS, None, None, answer
            )
            context = step.context
            if step.token:
                send_msg(connection, step.token)
            if not step.more_steps:
                return context, b"".join(_until_closed(connection))
            answer = receive_msg(connection)


@contextmanager
def server(keytab: str, data: bytes) -> Iterator[int]:
    """The sample's server for one client: authenticate, encrypt one message, send it, close. Gives its port."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ThreadPoolExecutor(1) as pool,
    ):
        listener.settimeout(SECONDS)
        served = pool.submit(_serve, listener, keytab, data)
        yield listener.getsockname()[1]
        served.result(SECONDS)


def _serve(listener: socket.socket, keytab: str, data: bytes) -> None:
    creds = raw.acquire_cred_from({b"keytab": keytab.encode()}, usage="accept", mechs=[KRB5]).creds
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(SECONDS)
        context, more = None, True
        while more:
            step = raw.accept_sec_context(receive_msg(connection), creds, context)
            context, more = step.context, step.more_steps
            send_msg(connection, step.token or b"")
        assert context is not None
        connection.sendall(encrypt_message(context, data))


def encrypt_message(context: raw.SecurityContext, data: bytes) -> bytes:
    """EncryptMessage with SECBUFFER_TOKEN and SECBUFFER_DATA, and what the sample sends of it."""
    message = raw.IOV(raw.IOVBufferType.header, data, std_layout=False)
    raw.wrap_iov(context, message)
    trailer, sealed = message[0].value or b"", message[1].value or b""
    return struct.pack("<L", len(trailer)) + trailer + sealed


def buffers(context: raw.SecurityContext, message: Message) -> bytes:
    """DecryptMessage with SECBUFFER_TOKEN and SECBUFFER_DATA apart, as a Windows receiver has them."""
    parts = raw.IOV((raw.IOVBufferType.header, False, message.trailer), message.data, std_layout=False)
    result = raw.unwrap_iov(context, parts)
    assert result.encrypted
    return bytes(parts[1].value or b"")


def session_of(context: raw.SecurityContext) -> Session:
    """The key, taken out of a context that is of no use afterwards."""
    exported = raw.krb5_export_lucid_sec_context(context, 1)
    assert isinstance(exported, raw.Krb5LucidContextV1)
    keys = exported.cfx_kd
    assert keys is not None
    assert keys.acceptor_subkey_type in (17, 18), "the reading knows AES with SHA-1"
    return Session(keys.acceptor_subkey or b"")


def send_msg(connection: socket.socket, token: bytes) -> None:
    if token:  # the sample sends nothing at all for an empty token
        connection.sendall(struct.pack("<L", len(token)) + token)


def receive_msg(connection: socket.socket) -> bytes:
    (size,) = struct.unpack("<L", _exactly(connection, 4))
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _until_closed(connection: socket.socket) -> Iterator[bytes]:
    while piece := connection.recv(LARGEST):
        yield piece


def _name(spn: str) -> raw.Name:
    return raw.import_name(f"{spn}@".encode(), NameType.kerberos_principal)


def _credentials(cache: str) -> raw.Creds:
    return raw.acquire_cred_from({b"ccache": cache.encode()}, usage="initiate", mechs=[KRB5]).creds
