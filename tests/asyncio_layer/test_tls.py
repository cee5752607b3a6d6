"""On top of TLS: a raw transport that cannot half-close, and that closes when its peer does."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from asyncauth import Protection, TruncatedStream
from asyncauth.asyncio import create_connection
from asyncauth.mechanisms import Negotiate

from ..services import House
from .tools import Recorder, serving, until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client's and a server's, who trust each other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path: Path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return ssl.create_default_context(cafile=str(path)), server


async def connect(
    house: House, port: int, alice: Negotiate, context: ssl.SSLContext, **options: Any
) -> Recorder:
    _, client = await create_connection(
        lambda: Recorder(keep_open=True),
        house.target(port),
        alice,
        ssl=context,
        server_hostname="localhost",
        **options,
    )
    return client


async def test_half_close_works_where_tls_has_none(
    house: House, alice: Negotiate, sockauth: Negotiate, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async with serving(lambda: Recorder(keep_open=True), sockauth, ssl=contexts[1]) as run:
        client = await connect(house, run.port, alice, contexts[0])
        assert client.transport.get_extra_info("sslcontext") is contexts[0]
        assert client.transport.can_write_eof()
        client.transport.write(b"x" * 300_000)
        client.transport.write_eof()
        server = await run.first()
        await until(lambda: "eof" in server.calls)
        assert len(server.data) == 300_000
        server.transport.write(b"y" * 300_000)
        server.transport.close()
        await until(lambda: "eof" in client.calls and server.lost)
        assert len(client.data) == 300_000
        client.transport.close()
        await until(lambda: client.lost)
    assert client.lost == server.lost == [None]


async def test_what_came_before_tls_closed_is_delivered(
    house: House, alice: Negotiate, sockauth: Negotiate, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """TLS closes with its peer whether we like it or not, and even if the application has just paused."""

    class Pausing(Recorder):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.transport.pause_reading()

    async with serving(Recorder, sockauth, ssl=contexts[1]) as run:
        _, client = await create_connection(
            Pausing, house.target(run.port), alice, ssl=contexts[0], server_hostname="localhost"
        )
        server = await run.first()
        for word in (b"the ", b"last ", b"words"):
            server.transport.write(word)
            server.transport._outbound.flush()
        server.transport.close()
        for _ in range(3):
            await asyncio.sleep(0.02)
            client.transport.resume_reading()
        await until(lambda: client.lost and server.lost)
    assert client.data == b"the last words"
    assert client.calls == ["made", "data", "eof", "lost"]
    assert client.lost == [None]


async def test_truncation_is_seen_through_tls(
    house: House, alice: Negotiate, sockauth: Negotiate, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async with serving(Recorder, sockauth, ssl=contexts[1]) as run:
        client = await connect(house, run.port, alice, contexts[0])
        server = await run.first()
        server.transport.write(b"half")
        await until(lambda: client.data)
        server.transport._session.raw.close()  # TLS says goodbye, and nobody else does
        await until(lambda: client.lost)
    assert isinstance(client.lost[0], TruncatedStream)


async def test_without_protection_there_is_no_half_close_over_tls(
    house: House, alice: Negotiate, sockauth: Negotiate, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async with serving(Recorder, sockauth, ssl=contexts[1], require=Protection.NONE) as run:
        client = await connect(house, run.port, alice, contexts[0], require=Protection.NONE)
        assert not client.transport.can_write_eof()
        with pytest.raises(NotImplementedError):
            client.transport.write_eof()
        client.transport.write(b"x")
        server = await run.first()
        await until(lambda: server.data == b"x")
        client.transport.close()
        await until(lambda: client.lost and server.lost)
