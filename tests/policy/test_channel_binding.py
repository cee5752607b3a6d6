"""Authentication inside real TLS, tied to it at both ends."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener, TLSStream
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from asyncauth import (
    AsyncAuthError,
    AuthenticatedListener,
    AuthenticatedStream,
    Binding,
    ConnectionInfo,
    Policy,
    ProtectionError,
)
from asyncauth._channel import channel_name, tls_server_end_point
from asyncauth.abc import Mechanism
from asyncauth.asyncio import open_connection, start_server
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate

from ..services import House

REQUIRED = Policy(channel_binding=Binding.REQUIRED)
BOTH = Policy(channel_binding=Binding.REQUIRED, target_binding=Binding.REQUIRED)
OFF = Policy(channel_binding=Binding.OFF, target_binding=Binding.OFF)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
KEYS: dict[str, tuple[Callable[[], Key], Any]] = {
    "rsa-sha256": (lambda: rsa.generate_private_key(65_537, 2048), hashes.SHA256()),
    "ecdsa-sha384": (lambda: ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
    "ecdsa-sha512": (lambda: ec.generate_private_key(ec.SECP256R1()), hashes.SHA512()),
}


def certificate(directory: Path, key: Key, algorithm: Any) -> tuple[Path, bytes]:
    """A self-signed certificate with its key in a file, and in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime(2026, 1, 1)  # noqa: DTZ001 - nobody looks
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36_500))
        .sign(key, algorithm)
    )
    path = directory / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path, made.public_bytes(serialization.Encoding.DER)


def server_context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture(scope="module", params=KEYS)
def tls(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ssl.SSLContext, bytes]:
    make, algorithm = KEYS[request.param]
    path, der = certificate(tmp_path_factory.mktemp("tls"), make(), algorithm)
    return server_context(path), tls_server_end_point(der)


@pytest.fixture(scope="module")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    path, _ = certificate(tmp_path_factory.mktemp("tls"), *made("rsa-sha256"))
    return server_context(path)


def made(kind: str) -> tuple[Key, Any]:
    make, algorithm = KEYS[kind]
    return make(), algorithm


@pytest.fixture
def client_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# --- the name of a channel -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KEYS)
def test_the_hash_is_that_of_the_signature(tmp_path: Path, kind: str) -> None:
    _, der = certificate(tmp_path, *made(kind))
    digest = hashlib.new(kind.rpartition("-")[2], der).digest()
    assert tls_server_end_point(der) == b"tls-server-end-point:" + digest


def test_a_signature_without_a_hash(tmp_path: Path) -> None:
    path, der = certificate(tmp_path, ed25519.Ed25519PrivateKey.generate(), None)
    with pytest.raises(ProtectionError, match="has no hash"):
        tls_server_end_point(der)
    side = in_memory(server_context(path))
    assert channel_name(side, required=False) is None
    with pytest.raises(ProtectionError, match="has no hash"):
        channel_name(side, required=True)


def test_what_is_no_certificate() -> None:
    with pytest.raises(ProtectionError, match="cannot be read"):
        tls_server_end_point(b"\x30\x03\x02\x01\x00")


def test_a_context_that_has_no_certificate() -> None:
    side = in_memory(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    with pytest.raises(ProtectionError, match="does not show its certificate"):
        channel_name(side, required=True)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_context_of_either_version_shows_its_own(tmp_path: Path, version: ssl.TLSVersion) -> None:
    path, der = certificate(tmp_path, *made("ecdsa-sha384"))
    context = server_context(path)
    context.minimum_version = context.maximum_version = version
    assert channel_name(in_memory(context), required=True) == tls_server_end_point(der)


def test_a_context_that_wants_certificates_of_its_clients(tmp_path: Path) -> None:
    path, der = certificate(tmp_path, *made("ecdsa-sha384"))
    context = server_context(path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(path)
    assert channel_name(in_memory(context), required=True) == tls_server_end_point(der)


def in_memory(context: ssl.SSLContext) -> ssl.SSLObject:
    return context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)


# --- both layers ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def anyio_meeting(
    house: House, mechanisms: tuple[Mechanism, Mechanism], server: Policy, tls: ssl.SSLContext
) -> AsyncIterator[tuple[int, list[ConnectionInfo], list[AsyncAuthError]]]:
    infos: list[ConnectionInfo] = []
    refused: list[AsyncAuthError] = []

    async def handle(stream: AuthenticatedStream) -> None:
        infos.append(stream.info)
        async with stream:
            await stream.send(await stream.receive())

    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    listener: AuthenticatedListener[TLSStream] = AuthenticatedListener(
        TLSListener(plain, tls),
        mechanisms[1],
        require=server,
        on_refused=lambda error, _: refused.append(error),
    )
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield plain.extra(SocketAttribute.local_port), infos, refused
        group.cancel_scope.cancel()


async def anyio_hello(
    house: House, port: int, client: Mechanism, policy: Policy, tls: ssl.SSLContext
) -> None:
    inner = await TLSStream.wrap(
        await anyio.connect_tcp("127.0.0.1", port), ssl_context=tls, server_side=False
    )
    stream = await AuthenticatedStream.wrap(inner, client, target=house.target(port), require=policy)
    async with stream:
        await stream.send(b"hello")
        assert await stream.receive() == b"hello"


@asynccontextmanager
async def asyncio_meeting(
    house: House, mechanisms: tuple[Mechanism, Mechanism], server: Policy, tls: ssl.SSLContext
) -> AsyncIterator[tuple[int, list[ConnectionInfo], list[AsyncAuthError]]]:
    infos: list[ConnectionInfo] = []
    refused: list[AsyncAuthError] = []

    async def handle(reader: Any, writer: Any) -> None:
        infos.append(writer.get_extra_info("connection_info"))
        writer.write(await reader.read(5))
        writer.close()
        await writer.wait_closed()

    async with await start_server(
        handle,
        "127.0.0.1",
        0,
        mechanisms[1],
        require=server,
        ssl=tls,
        on_refused=lambda error, _: refused.append(error),
    ) as listening:
        yield listening.sockets[0].getsockname()[1], infos, refused


async def asyncio_hello(
    house: House, port: int, client: Mechanism, policy: Policy, tls: ssl.SSLContext
) -> None:
    reader, writer = await open_connection(house.target(port), client, require=policy, ssl=tls)
    writer.write(b"hello")
    assert await reader.read(5) == b"hello"
    writer.close()
    await writer.wait_closed()


async def first(refused: list[AsyncAuthError]) -> AsyncAuthError:
    with anyio.fail_after(5):
        while not refused:  # noqa: ASYNC110 - there is no event for it
            await anyio.sleep(0.01)
    return refused[0]


@pytest.fixture
def hello(layer_name: str) -> Any:
    return anyio_hello if layer_name.startswith("anyio") else asyncio_hello


@pytest.fixture
def meeting(layer_name: str) -> Any:
    return anyio_meeting if layer_name.startswith("anyio") else asyncio_meeting


@pytest.fixture(params=[Negotiate, Kerberos])
def mechanisms(request: pytest.FixtureRequest, house: House) -> tuple[Mechanism, Mechanism]:
    kind = request.param
    return kind(CredentialCache(house.cache)), kind(Keytab(house.service.keytab))


@pytest.mark.anyio
async def test_both_ends_tie_it_to_the_same_certificate(
    house: House,
    mechanisms: tuple[Mechanism, Mechanism],
    tls: tuple[ssl.SSLContext, bytes],
    client_tls: ssl.SSLContext,
    hello: Any,
    meeting: Any,
) -> None:
    async with meeting(house, mechanisms, REQUIRED, tls[0]) as (port, infos, refused):
        await hello(house, port, mechanisms[0], Policy(), client_tls)
        assert not refused
        assert infos[0].channel_bound
        assert not infos[0].target_proven


@pytest.mark.anyio
async def test_and_to_the_spn_where_both_require_that(
    house: House,
    mechanisms: tuple[Mechanism, Mechanism],
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
    hello: Any,
    meeting: Any,
) -> None:
    async with meeting(house, mechanisms, BOTH, server_tls) as (port, infos, refused):
        await hello(house, port, mechanisms[0], BOTH, client_tls)
        assert not refused
        assert infos[0].channel_bound
        assert infos[0].target_proven


@pytest.mark.anyio
async def test_a_client_that_ties_it_to_nothing_is_refused_where_that_is_required(
    house: House,
    mechanisms: tuple[Mechanism, Mechanism],
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
    hello: Any,
    meeting: Any,
) -> None:
    async with meeting(house, mechanisms, REQUIRED, server_tls) as (port, _, refused):
        with pytest.raises(AsyncAuthError):
            await hello(house, port, mechanisms[0], OFF, client_tls)
        assert "did not bind its authentication to the TLS connection" in str(await first(refused))
    async with meeting(house, mechanisms, Policy(), server_tls) as (port, infos, _):
        await hello(house, port, mechanisms[0], OFF, client_tls)
        assert not infos[0].channel_bound


@pytest.mark.anyio
async def test_a_relay_with_a_certificate_of_its_own_is_noticed(
    house: House,
    mechanisms: tuple[Mechanism, Mechanism],
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
    tmp_path: Path,
    hello: Any,
    meeting: Any,
) -> None:
    """The client's TLS ends in the middle, where somebody else's connection to the server begins."""
    path, _ = certificate(tmp_path, *made("rsa-sha256"))
    async with meeting(house, mechanisms, Policy(), server_tls) as (port, infos, refused):
        async with relay(port, server_context(path), client_tls) as middle:
            with pytest.raises(AsyncAuthError):
                await hello(house, middle, mechanisms[0], Policy(), client_tls)
        assert not infos
        assert "binding" in str(await first(refused))


@asynccontextmanager
async def relay(port: int, own: ssl.SSLContext, client_tls: ssl.SSLContext) -> AsyncIterator[int]:
    async def pass_on(source: TLSStream, sink: TLSStream, scope: anyio.CancelScope) -> None:
        try:
            async for data in source:
                await sink.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        scope.cancel()

    async def handle(near: TLSStream) -> None:
        async with near, await TLSStream.wrap(
            await anyio.connect_tcp("127.0.0.1", port), ssl_context=client_tls, server_side=False
        ) as far, anyio.create_task_group() as group:  # fmt: skip
            group.start_soon(pass_on, near, far, group.cancel_scope)
            group.start_soon(pass_on, far, near, group.cancel_scope)

    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with plain, anyio.create_task_group() as group:
        group.start_soon(TLSListener(plain, own, standard_compatible=False).serve, handle)
        yield plain.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()
