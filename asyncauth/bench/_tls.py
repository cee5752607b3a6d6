"""asyncio with mutual TLS 1.3: what people use in place of Kerberos where there is a certificate authority.

Certificates are ECDSA P-256, one for each end, signed by a third; no session is resumed, as no Kerberos context is.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import MechanismUnavailable
from ._common import BenchmarkError, Tally
from ._wires import Plain

if TYPE_CHECKING:
    from ._settings import Settings

__all__ = ["TlsWire", "make_certificates"]

_NAME = "localhost"


class TlsWire(Plain):
    """TLS, for streams and protocols; a server's wire and a client's are two."""

    def __init__(self, settings: Settings, tally: Tally, *, server: bool) -> None:
        super().__init__(settings, tally)
        folder = Path(settings.folder)
        side = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
        context = ssl.SSLContext(side)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.pem")
        name = "server" if server else "client"
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        self.tls = {"ssl": context} | ({} if server else {"server_hostname": _NAME})

    def verify(self, connection: Any) -> None:
        tls: ssl.SSLObject = connection.get_extra_info("ssl_object")
        if not tls.getpeercert() or tls.version() != "TLSv1.3":
            raise BenchmarkError(
                "a TLS connection without the other end's certificate, or not of version 1.3"
            )
        super().verify(connection)


def make_certificates(folder: Path) -> None:
    """Write a certificate authority's certificate, and keys and certificates for the two ends.

    :raises MechanismUnavailable: the package ``cryptography`` is not installed
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise MechanismUnavailable("no package cryptography", fix="pip install cryptography") from error

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    new = partial(ec.generate_private_key, ec.SECP256R1())
    authority = new()
    now = datetime.now(UTC)

    def signed(subject: str, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        made = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("authority"))
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        return made.sign(authority, hashes.SHA256())

    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(signed("authority", authority, ca=True).public_bytes(pem))
    for end in ("server", "client"):
        key = new()
        (folder / f"{end}.pem").write_bytes(signed(end, key, ca=False).public_bytes(pem))
        form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (folder / f"{end}.key").write_bytes(key.private_bytes(pem, form, secret))
