"""MIT's gss-client and our server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from asyncauth import (
    AsyncAuthError,
    ConnectionInfo,
    FrameTooLarge,
    IntegrityError,
    MechanismError,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    TruncatedStream,
)
from asyncauth.framings import AnyOf, GssSample, NegotiateStream, Winsock
from asyncauth.mechanisms import Kerberos, Keytab, Negotiate

from ...layers import Layer, Server, Stream
from ...stream.servers import until
from .programs import MESSAGE, Ran, Samples

pytestmark = pytest.mark.anyio
two_layers = pytest.mark.parametrize("layer_name", ["anyio", "asyncio"], indirect=True)
one_layer = pytest.mark.parametrize("layer_name", ["anyio"], indirect=True)

KERBEROS = "{ 1 2 840 113554 1 2 2 }"
SIGNED, CONFIRMED = "Signature verified.", "Response received."
REFUSED = "reading token flags: 0 bytes read"


@dataclass
class Heard:
    """What came on one connection."""

    info: ConnectionInfo
    data: bytes = b""
    error: AsyncAuthError | None = None


def options_of(samples: Samples, **options: Any) -> dict[str, Any]:
    return {
        "mechanism": Negotiate(Keytab(samples.house.service.keytab)),
        "framing": GssSample(),
        "allow_unmarked_end": True,
        **options,
    }


async def listen(stream: Stream) -> Heard:
    """All that the client sends; its end is answered by ours, and an error by hanging up."""
    heard = Heard(stream.info)
    try:
        while piece := await stream.receive():
            heard.data += piece
    except AsyncAuthError as error:
        heard.error = error
        await stream.abort()
    else:
        await stream.close()
    return heard


async def talk(
    server: Server, samples: Samples, *options: str, connections: int = 1, **more: str
) -> tuple[Ran, list[Heard]]:
    """Run the client and listen to it."""
    ran: list[Ran] = []

    async def run() -> None:
        ran.append(await samples.client(server.port, *options, **more))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        heard = [await listen(await server.next()) for _ in range(connections)]
    return ran[0], heard


async def refused(server: Server, samples: Samples, *options: str, **more: str) -> tuple[AsyncAuthError, Ran]:
    ran = await samples.client(server.port, *options, **more)
    await until(lambda: server.refused)
    (error,) = server.refused
    return error, ran


async def test_a_message_to_each_layer(either_samples: Samples, layer: Layer) -> None:
    async with layer.serving(**options_of(either_samples)) as server:
        ran, (heard,) = await talk(server, either_samples)
        assert (ran.code, ran.output.count(SIGNED)) == (0, 1)
        assert heard.info.peer is not None
        assert heard.info.peer.name == f"alice@{either_samples.house.realm.name}"
        assert heard.info.mechanism == "kerberos"
        assert heard.info.framing == "gss-sample"
        assert heard.info.mutual
        assert heard.info.protection is Protection.SEAL
        assert (heard.data, heard.error) == (MESSAGE.encode(), None)
    assert server.refused == []


@two_layers
@pytest.mark.parametrize(
    ("options", "require", "says"),
    [
        (["-spnego"], Protection.SEAL, SIGNED),
        (["-mech", KERBEROS], Protection.SEAL, SIGNED),
        (["-spnego", "-mech", KERBEROS, "-user", "alice"], Protection.SEAL, SIGNED),
        (["-krb5"], Protection.SEAL, SIGNED),
        (["-seq"], Protection.SEAL, SIGNED),
        (["-noreplay"], Protection.SEAL, SIGNED),
        (["-seq", "-noreplay"], Protection.SEAL, SIGNED),
        (["-d"], Protection.SEAL, SIGNED),
        (["-dce"], Protection.SEAL, SIGNED),
        (["-dce", "-spnego", "-nx"], Protection.SIGN, SIGNED),
        (["-nm"], Protection.SEAL, CONFIRMED),
        (["-nx"], Protection.SIGN, SIGNED),
        (["-nx", "-nm"], Protection.SIGN, CONFIRMED),
        ([], Protection.SIGN, SIGNED),
        (["-nw"], Protection.NONE, SIGNED),
        (["-nw", "-nx", "-nm"], Protection.NONE, CONFIRMED),
        (["-nx"], Protection.NONE, SIGNED),
        ([], Protection.NONE, SIGNED),
    ],
    ids=lambda value: " ".join(value) or "(none)" if isinstance(value, list) else str(value),
)
async def test_options(
    samples: Samples, layer: Layer, options: list[str], require: Protection, says: str
) -> None:
    async with layer.serving(**options_of(samples, require=require)) as server:
        ran, (heard,) = await talk(server, samples, *options)
        assert (ran.code, ran.output.count(says)) == (0, 1), ran.output
        assert (heard.data, heard.error) == (MESSAGE.encode(), None)


@two_layers
async def test_many_messages_on_many_connections(samples: Samples, layer: Layer) -> None:
    async with layer.serving(**options_of(samples)) as server:
        ran, heard = await talk(server, samples, "-ccount", "3", "-mcount", "10", connections=3)
        assert (ran.code, ran.output.count(SIGNED)) == (0, 30)
        assert [one.data for one in heard] == [MESSAGE.encode() * 10] * 3


@two_layers
@pytest.mark.parametrize("size", [0, 1, 65_464])
async def test_a_file_of_any_size(samples: Samples, layer: Layer, size: int, tmp_path: Path) -> None:
    file = tmp_path / "message"
    file.write_bytes(bytes(index % 251 for index in range(size)))
    async with layer.serving(**options_of(samples)) as server:
        ran, (heard,) = await talk(server, samples, "-f", "-q", message=str(file))
        assert ran == Ran(0, "")
        assert (heard.data, heard.error) == (file.read_bytes(), None)


@one_layer
async def test_a_file_beyond_the_limit_is_refused_and_a_higher_limit_takes_it(
    samples: Samples, layer: Layer, tmp_path: Path
) -> None:
    file = tmp_path / "message"
    file.write_bytes(bytes(200_000))
    async with layer.serving(**options_of(samples)) as server:
        ran, (heard,) = await talk(server, samples, "-f", message=str(file))
        assert isinstance(heard.error, FrameTooLarge)
        assert "200060 bytes where at most 65536" in str(heard.error)
        assert SIGNED not in ran.output
    async with layer.serving(**options_of(samples, framing=GssSample(limit=2**20))) as server:
        ran, (heard,) = await talk(server, samples, "-f", message=str(file))
        assert SIGNED in ran.output
        assert heard.data == bytes(200_000)


@two_layers
@pytest.mark.parametrize(
    ("options", "require", "says"),
    [
        (["-nx"], Protection.SEAL, "signed but not sealed"),
        (["-nw"], Protection.SEAL, "without protection, and SEAL is required"),
        (["-nw", "-nx"], Protection.SIGN, "without protection, and SIGN is required"),
    ],
)
async def test_less_protection_than_required_is_no_data(
    samples: Samples, layer: Layer, options: list[str], require: Protection, says: str
) -> None:
    async with layer.serving(**options_of(samples, require=require)) as server:
        ran, (heard,) = await talk(server, samples, *options)
        assert isinstance(heard.error, IntegrityError)
        assert says in str(heard.error)
        assert heard.data == b""
        assert SIGNED not in ran.output


@two_layers
async def test_the_end_is_not_a_protected_one(samples: Samples, layer: Layer) -> None:
    async with layer.serving(**options_of(samples, allow_unmarked_end=False)) as server:
        ran, (heard,) = await talk(server, samples)
        assert SIGNED in ran.output
        assert heard.data == MESSAGE.encode()
        assert isinstance(heard.error, TruncatedStream)
        assert "set allow_unmarked_end" in str(heard.error)


# --- refusals ----------------------------------------------------------------------------------------------


@two_layers
async def test_without_mutual_authentication(samples: Samples, layer: Layer) -> None:
    async with layer.serving(**options_of(samples)) as server:
        error, ran = await refused(server, samples, "-nomutual")
        assert isinstance(error, ProtectionError)
        assert "did not ask this server to prove its identity" in str(error)
        assert ran.code != 0
        assert SIGNED not in ran.output
    async with layer.serving(**options_of(samples, mutual=False)) as server:
        ran, (heard,) = await talk(server, samples, "-nomutual")
        assert SIGNED in ran.output
        assert not heard.info.mutual


@one_layer
async def test_without_authentication(samples: Samples, layer: Layer) -> None:
    async with layer.serving(**options_of(samples, mutual=False, require=Protection.NONE)) as server:
        error, ran = await refused(server, samples, "-na")
        assert isinstance(error, ProtectionError)
        assert "run gss-client without -na" in str(error)
        assert ran.code != 0  # of SIGPIPE, if it is quick


@one_layer
async def test_another_mechanism(samples: Samples, layer: Layer) -> None:
    async with layer.serving(**options_of(samples)) as server:
        error, ran = await refused(server, samples, "-iakerb")
        assert isinstance(error, MechanismError)
        assert REFUSED in ran.output


@one_layer
async def test_spnego_at_a_server_of_kerberos_alone(samples: Samples, layer: Layer) -> None:
    mechanism = Kerberos(Keytab(samples.house.service.keytab))
    async with layer.serving(**options_of(samples, mechanism=mechanism)) as server:
        error, _ = await refused(server, samples, "-spnego")
        assert isinstance(error, MechanismError)
    async with layer.serving(**options_of(samples, mechanism=mechanism)) as server:
        ran, _ = await talk(server, samples)
        assert SIGNED in ran.output


@one_layer
async def test_the_ticket_of_another_account_is_refused_and_the_client_told_why(
    samples: Samples, layer: Layer
) -> None:
    async with layer.serving(**options_of(samples)) as server:
        error, ran = await refused(server, samples, service="Other@localhost")
        assert isinstance(error, MechanismError)
        assert "GSS-API error initializing context" in ran.output


# --- framings ----------------------------------------------------------------------------------------------


@two_layers
async def test_version_1(samples: Samples, layer: Layer) -> None:
    async with layer.serving(**options_of(samples, framing=GssSample(1))) as server:
        ran, (heard,) = await talk(server, samples, "-v1", "-mcount", "3")
        assert (ran.code, ran.output.count(SIGNED)) == (0, 3)
        assert heard.info.framing == "gss-sample-v1"
        assert (heard.data, heard.error) == (MESSAGE.encode() * 3, None)


@one_layer
@pytest.mark.parametrize(
    ("options", "require", "good"),
    [
        ([], Protection.SEAL, True),
        (["-nx"], Protection.SEAL, False),
        (["-nw"], Protection.SEAL, False),
        (["-nx"], Protection.SIGN, True),
        ([], Protection.SIGN, True),
        (["-nw"], Protection.SIGN, False),
        (["-nw"], Protection.NONE, True),
    ],
)
async def test_version_1_says_nothing_of_protection_so_it_is_as_agreed(
    samples: Samples, layer: Layer, options: list[str], require: Protection, good: bool
) -> None:
    async with layer.serving(**options_of(samples, framing=GssSample(1), require=require)) as server:
        ran, (heard,) = await talk(server, samples, "-v1", *options)
        assert (SIGNED in ran.output) is good
        assert heard.data == (MESSAGE.encode() if good else b"")
        assert isinstance(heard.error, IntegrityError) is not good


@one_layer
@pytest.mark.parametrize(
    ("framing", "options", "says"),
    [
        (GssSample(2), ["-v1"], "speaks gss-sample version 1, not gss-sample version 2"),
        (GssSample(1), [], "speaks gss-sample version 2, not gss-sample version 1"),
        (NegotiateStream(), [], "speaks gss-sample version 2, not MS-NNS"),
        (AnyOf(NegotiateStream(), Winsock()), [], "speaks gss-sample version 2, not nns or winsock"),
    ],
)
async def test_another_framing_is_refused_by_name(
    samples: Samples, layer: Layer, framing: Any, options: list[str], says: str
) -> None:
    async with layer.serving(**options_of(samples, framing=framing)) as server:
        error, ran = await refused(server, samples, *options)
        assert isinstance(error, RemoteProtocolError)
        assert says in str(error)
        assert ran.code != 0


@two_layers
@pytest.mark.parametrize(
    ("options", "name"), [([], "gss-sample"), (["-spnego"], "gss-sample"), (["-v1"], "gss-sample-v1")]
)
async def test_the_version_is_recognised(
    samples: Samples, layer: Layer, options: list[str], name: str
) -> None:
    framing = AnyOf(NegotiateStream(), GssSample(), GssSample(1), Winsock())
    async with layer.serving(**options_of(samples, framing=framing)) as server:
        ran, (heard,) = await talk(server, samples, *options)
        assert SIGNED in ran.output
        assert heard.info.framing == name
        assert (heard.data, heard.error) == (MESSAGE.encode(), None)
