"""The name of a TLS connection: ``tls-server-end-point`` (RFC 5929 4.1), a hash of the server's certificate.

The client has that certificate. A server in Python cannot get at its own: neither the connection nor the SSLContext
gives it out. So the context is made to present it, once, to a client of ours in memory. That client offers what most
clients offer; a server with several kinds of certificate may show another one to other clients, and switches
channel binding off.

tls-server-end-point ties to the certificate and not to the connection: whoever has the certificate's key can stand
between. It is what there is: tls-unique means nothing in TLS 1.3, and Python's ssl has no exporter for tls-exporter
(RFC 9266).
"""

from __future__ import annotations

import hashlib
import ssl
from weakref import WeakKeyDictionary

from ._errors import MechanismUnavailable, ProtectionError

__all__ = ["channel_name", "tls_server_end_point"]

_PREFIX = b"tls-server-end-point:"
_FLIGHTS = 4
_own: WeakKeyDictionary[ssl.SSLContext, bytes] = WeakKeyDictionary()


def tls_server_end_point(certificate: bytes) -> bytes:
    """The application data of channel bindings for a server's certificate.

    The hash is that of the certificate's signature, SHA-256 where that is MD5 or SHA-1.

    :param certificate: in DER
    :raises ProtectionError: no certificate, or its signature has no hash of its own (Ed25519), for which RFC 5929
        defines nothing
    :raises MechanismUnavailable: the package cryptography is missing
    """
    try:
        from cryptography.x509 import load_der_x509_certificate
    except ImportError as error:
        raise MechanismUnavailable(
            f"channel binding reads the server's certificate with the package cryptography ({error})",
            fix="install asyncauth[crypto], or switch channel_binding off by name",
        ) from error
    try:
        algorithm = load_der_x509_certificate(certificate).signature_hash_algorithm
    except ValueError as error:
        raise ProtectionError(f"the server's certificate cannot be read ({error})") from error
    if algorithm is None:
        raise ProtectionError(
            "the signature of the server's certificate has no hash, and tls-server-end-point is not defined for it",
            fix="use a certificate with an RSA or ECDSA signature, or switch channel_binding off by name",
        )
    weak = algorithm.name in {"md5", "sha1"}
    return _PREFIX + hashlib.new("sha256" if weak else algorithm.name, certificate).digest()


def channel_name(tls: ssl.SSLObject, *, required: bool) -> bytes | None:
    """The application data for a TLS connection, at either end; None if there is none and it is not required.

    A server's is kept with its SSLContext. The first time it takes about two milliseconds.
    """
    try:
        if not tls.server_side:
            certificate = tls.getpeercert(binary_form=True)
            return tls_server_end_point(certificate) if certificate else None
        if tls.context not in _own:
            _own[tls.context] = tls_server_end_point(_presented(tls.context))
        return _own[tls.context]
    except (ProtectionError, MechanismUnavailable):
        if required:
            raise
        return None


def _presented(context: ssl.SSLContext) -> bytes:
    """The certificate that a server with this context shows to its clients, in DER."""
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    plain.check_hostname = False
    plain.verify_mode = ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = plain.wrap_bio(back, there)
    server = context.wrap_bio(there, back, server_side=True)
    reason = None
    for _ in range(_FLIGHTS):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                reason = str(error)
                continue
            if side is client and (certificate := client.getpeercert(binary_form=True)):
                return certificate
    raise ProtectionError(
        f"this server's TLS context does not show its certificate to a plain client ({reason})",
        fix="switch channel_binding off by name",
    )
