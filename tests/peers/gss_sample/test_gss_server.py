"""Our client and MIT's gss-server."""

from __future__ import annotations

import shutil
from typing import Any

import anyio
import pytest
from anyio import BrokenResourceError, EndOfStream
from anyio.abc import ByteStream

from asyncauth import (
    AuthenticatedStream,
    HandshakeTimeout,
    IntegrityError,
    MechanismUnavailable,
    Protection,
    TargetError,
    TruncatedStream,
)
from asyncauth.framings import GssSample, NegotiateStream
from asyncauth.mechanisms import CredentialCache, Kerberos, Negotiate

from ...layers import Layer, Stream
from ...services import OTHERS, TWO_PARTS
from .programs import Running, Samples

pytestmark = pytest.mark.anyio
two_layers = pytest.mark.parametrize("layer_name", ["anyio", "asyncio"], indirect=True)
one_layer = pytest.mark.parametrize("layer_name", ["anyio"], indirect=True)

WORDS = [b"one", b"two words", b"and three"]


async def connected(running: Running, samples: Samples, layer: Layer, **options: Any) -> Stream:
    options = {
        "mechanism": Negotiate(CredentialCache(samples.house.cache)),
        "framing": GssSample(),
        "allow_unmarked_end": True,
        **options,
    }
    return await layer.connect(samples.house.target(running.port, TWO_PARTS), **options)


async def say(stream: Stream, words: list[bytes]) -> bytes:
    """Send each as a message, and the end; what comes until the server's end."""
    for word in words:
        await stream.send(word)
    await stream.send_eof()
    heard = b""
    while piece := await stream.receive():
        heard += piece
    await stream.close()
    return heard


async def test_messages_from_each_layer(either_samples: Samples, layer: Layer) -> None:
    async with either_samples.server() as running:
        stream = await connected(running, either_samples, layer)
        assert stream.info.framing == "gss-sample"
        assert stream.info.mutual
        assert stream.info.protection is Protection.SEAL
        for word in WORDS:
            await stream.send(word)
            await anyio.sleep(0.001)  # one message each, where writes of one turn are joined
        assert await say(stream, []) == b""
    assert running.code == 0
    assert f'Accepted connection: "alice@{either_samples.house.realm.name}"' in running.output
    assert running.messages == [word.decode() for word in WORDS]
    assert "NOOP token" in running.output


@two_layers
@pytest.mark.parametrize("kind", [Negotiate, Kerberos])
@pytest.mark.parametrize("require", Protection)
@pytest.mark.parametrize("mic", [True, False])
async def test_mechanisms_and_protections(
    samples: Samples, layer: Layer, kind: type[Negotiate], require: Protection, mic: bool
) -> None:
    async with samples.server("-verbose") as running:
        stream = await connected(
            running,
            samples,
            layer,
            mechanism=kind(CredentialCache(samples.house.cache)),
            framing=GssSample(mic=mic),
            require=require,
        )
        assert stream.info.protection is require
        assert await say(stream, [b"hello"]) == b""
    flags = {Protection.NONE: 0x04, Protection.SIGN: 0x24, Protection.SEAL: 0x64}[require]
    flags |= 0x80 if mic and require else 0
    assert f"Message token (flags={flags})" in running.output
    assert running.messages == ["hello"]


@two_layers
async def test_a_context_that_the_server_exports_and_imports(samples: Samples, layer: Layer) -> None:
    async with samples.server("-export") as running:
        stream = await connected(running, samples, layer)
        assert await say(stream, [b"hello"]) == b""
    assert running.messages == ["hello"]
    assert "GSS-API error" not in running.output


@two_layers
async def test_many_messages_without_waiting_for_the_answers(samples: Samples, layer: Layer) -> None:
    size, count = 50_000, 40
    async with samples.server() as running:
        stream = await connected(running, samples, layer)
        async with anyio.create_task_group() as group:
            group.start_soon(_receive_all, stream)
            for _ in range(count):
                await stream.send(b"x" * size)
            await stream.send_eof()
        await stream.close()
    assert running.code == 0
    assert "".join(running.messages) == "x" * size * count


async def _receive_all(stream: Stream) -> None:
    while await stream.receive():
        pass


@two_layers
async def test_whoever_just_closes_has_waited_for_the_answers(samples: Samples, layer: Layer) -> None:
    """To close on them would end gss-server by SIGPIPE, with the rest of the messages unread."""
    size, count = 200, 1000
    async with samples.server() as running:
        stream = await connected(running, samples, layer, framing=GssSample(limit=size + 72))
        await stream.send(b"x" * size * count)
        with anyio.fail_after(0.9):  # its patience is a second
            await stream.close()
    assert running.code == 0
    assert running.messages == ["x" * size] * count


@two_layers
async def test_the_servers_end_is_not_a_protected_one(samples: Samples, layer: Layer) -> None:
    async with samples.server() as running:
        stream = await connected(running, samples, layer, allow_unmarked_end=False)
        with pytest.raises(TruncatedStream, match="allow_unmarked_end"):
            await say(stream, [b"hello"])
        await stream.abort()
    assert running.messages == ["hello"]


# --- refusals ----------------------------------------------------------------------------------------------


@two_layers
async def test_a_service_whose_key_the_server_does_not_have(samples: Samples, layer: Layer) -> None:
    """It says so with a KRB-ERROR, which is the only word that there is for it."""
    async with samples.server() as running:
        with pytest.raises(TargetError, match=OTHERS):
            await layer.connect(
                samples.house.target(running.port, OTHERS),
                Negotiate(CredentialCache(samples.house.cache)),
                framing=GssSample(),
            )
    assert "GSS-API error accepting context" in running.output


@one_layer
async def test_todays_server_does_not_understand_version_1(samples: Samples, layer: Layer) -> None:
    async with samples.server() as running:
        with pytest.raises(TruncatedStream, match=TWO_PARTS):
            await connected(running, samples, layer, framing=GssSample(1))
    assert "Expected NOOP token, got 0 token instead" in running.output


@one_layer
async def test_another_framing(samples: Samples, layer: Layer) -> None:
    async with samples.server() as running:
        with pytest.raises(HandshakeTimeout, match=TWO_PARTS):
            await connected(running, samples, layer, framing=NegotiateStream(), handshake_timeout=0.5)
    assert "of 2732" in running.output  # megabytes: what it took our header's last four bytes for


# --- on the way --------------------------------------------------------------------------------------------


class Altering(ByteStream):
    """Lets through what the server says, with one byte changed once :attr:`change` says how far away it is."""

    def __init__(self, inner: ByteStream) -> None:
        self._inner = inner
        self.change: int | None = None

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        data = bytearray(await self._inner.receive(max_bytes))
        if self.change is not None:
            if 0 <= self.change < len(data):
                data[self.change] ^= 1
            self.change -= len(data)
        return bytes(data)

    async def send(self, item: bytes) -> None:
        await self._inner.send(item)

    async def send_eof(self) -> None:
        await self._inner.send_eof()

    async def aclose(self) -> None:
        await self._inner.aclose()


@one_layer
@pytest.mark.parametrize("byte", [5, 21, 32], ids=["token", "checksum", "last"])
async def test_a_signature_that_was_altered_on_the_way(samples: Samples, layer: Layer, byte: int) -> None:
    async with samples.server() as running:
        between = Altering(await anyio.connect_tcp("127.0.0.1", running.port))
        async with await AuthenticatedStream.wrap(
            between,
            Negotiate(CredentialCache(samples.house.cache)),
            target=TWO_PARTS,
            framing=GssSample(),
            allow_unmarked_end=True,
        ) as stream:
            between.change = byte
            await stream.send(b"hello")
            with pytest.raises(BrokenResourceError) as caught:
                await stream.receive()
            assert isinstance(caught.value.__cause__, IntegrityError)


@one_layer
async def test_a_server_that_is_cut_off_before_it_has_confirmed(samples: Samples, layer: Layer) -> None:
    async with samples.server() as running:
        tcp = await anyio.connect_tcp("127.0.0.1", running.port)
        stream = await AuthenticatedStream.wrap(
            Cut(tcp),
            Negotiate(CredentialCache(samples.house.cache)),
            target=TWO_PARTS,
            framing=GssSample(),
            allow_unmarked_end=True,
        )
        await stream.send(b"hello")
        with pytest.raises(BrokenResourceError, match="1 of our messages unanswered") as caught:
            await stream.receive()
        assert isinstance(caught.value.__cause__, TruncatedStream)
        await stream.aclose()


class Cut(Altering):
    """Lets the handshake through, and then the end."""

    sent = 0

    async def send(self, item: bytes) -> None:
        self.sent += 1
        await super().send(item)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        if self.sent > 1:
            raise EndOfStream
        return await super().receive(max_bytes)


def test_missing_programs_are_named_with_their_package(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MechanismUnavailable, match="krb5-gss-samples"):
        Samples(samples.house)
