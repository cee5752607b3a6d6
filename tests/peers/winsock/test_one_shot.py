"""Our one-shot message and the SSPI sockets sample, each reading what the other wrote."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio import ClosedResourceError, to_thread
from gssapi import raw

from asyncauth import AuthenticatedStream, ConnectionInfo, Protection, connect
from asyncauth.framings import AnyOf, NegotiateStream, WinsockOneShot
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab

from ...services import TWO_PARTS, House
from ...stream.servers import serving
from . import sample

pytestmark = pytest.mark.anyio
sizes = pytest.mark.parametrize("size", [1, 15, 16, 17, 1000, 1972])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def saying(data: bytes) -> Callable[[AuthenticatedStream], Awaitable[None]]:
    async def handler(stream: AuthenticatedStream) -> None:
        async with stream:
            await stream.send(data)

    return handler


async def served(house: House, data: bytes, **options: object) -> tuple[raw.SecurityContext, sample.Message]:
    """What the sample's client has got from our server."""
    options.setdefault("framing", WinsockOneShot())
    mechanism = Kerberos(Keytab(house.service.keytab))
    async with serving(house, saying(data), mechanism=mechanism, **options) as port:
        context, received = await to_thread.run_sync(sample.client, port, house.cache, TWO_PARTS)
    assert len(received) <= sample.LARGEST
    return context, sample.Message(received)


@sizes
async def test_our_server_by_the_independent_reading(either_house: House, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    context, message = await served(either_house, data)
    read = message.read(sample.session_of(context))
    assert read.data == data
    assert read.sealed
    assert read.by_acceptor
    # The header, the confounder, the copy of the header and the MAC are before the data, as Windows has them:
    assert message.trailer_size == 16 + 16 + 16 + 12
    assert read.rotated == 16 + 12
    assert len(message.data) == size


@sizes
async def test_our_server_by_a_receiver_with_separate_buffers(either_house: House, size: int) -> None:
    context, message = await served(either_house, bytes(size))
    assert sample.buffers(context, message) == bytes(size)


async def test_our_server_recognises_the_sample(house: House) -> None:
    framing = AnyOf(NegotiateStream(), WinsockOneShot())
    context, message = await served(house, b"hello", framing=framing)
    assert sample.buffers(context, message) == b"hello"


@sizes
async def test_our_client_reads_the_samples_message(either_house: House, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    mechanism = Kerberos(CredentialCache(either_house.cache))
    with sample.server(str(either_house.service.keytab), data) as port:
        target = either_house.target(port, TWO_PARTS)
        async with await connect(target, mechanism, framing=WinsockOneShot()) as stream:
            assert b"".join([piece async for piece in stream]) == data
            assert stream.info.protection is Protection.SEAL
            assert stream.info.framing == "winsock-one-shot"


async def test_both_ends_ours_with_a_second_message_refused(house: House) -> None:
    infos: list[ConnectionInfo] = []

    async def handler(stream: AuthenticatedStream) -> None:
        async with stream:
            infos.append(stream.info)
            await stream.send(b"the only one")
            with pytest.raises(ClosedResourceError, match="one message a connection"):
                await stream.send(b"another")

    server = Kerberos(Keytab(house.service.keytab))
    client = Kerberos(CredentialCache(house.cache))
    async with serving(house, handler, mechanism=server, framing=WinsockOneShot()) as port:
        with anyio.fail_after(10):
            async with await connect(house.target(port), client, framing=WinsockOneShot()) as stream:
                assert b"".join([piece async for piece in stream]) == b"the only one"
    assert infos[0].framing == "winsock-one-shot"
