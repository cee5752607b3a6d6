"""Which SPN a client asked for, and what that proves: a real account with several SPNs and one key."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from asyncauth import (
    AuthenticationError,
    Binding,
    MechanismError,
    PeerRejected,
    Policy,
    ServicePrincipalName,
    TargetError,
    TruncatedStream,
)
from asyncauth.abc import Framing, Mechanism
from asyncauth.engine import Connection
from asyncauth.framings import GssSample, NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.testing import EnginePair

from ..layers import Layer
from ..services import THREE_PARTS, TWO_PARTS, House

REQUIRED = Policy(target_binding=Binding.REQUIRED)
OFF = Policy(target_binding=Binding.OFF)
FRAMINGS = [NegotiateStream(), Winsock(), GssSample()]


def meet(
    house: House,
    kind: type[Negotiate],
    client: Policy,
    server: Policy,
    *,
    spn: str = THREE_PARTS,
    framing: Framing | None = None,
    alter: Callable[[bytes], bytes] = bytes,
) -> EnginePair:
    """A handshake with real tickets and without a network."""
    return EnginePair(
        kind(CredentialCache(house.cache)),
        kind(Keytab(house.service.keytab)),
        framing or NegotiateStream(),
        target=house.target(1, spn),
        client_policy=client,
        server_policy=server,
        alter=alter,
    ).run()


def refused(pair: EnginePair) -> AuthenticationError:
    assert isinstance(pair.server.error, AuthenticationError)
    pair.cut()
    assert isinstance(pair.client.error, AuthenticationError | TruncatedStream)
    return pair.server.error


def elsewhere(data: bytes) -> bytes:
    """The ticket's name in clear is altered on the way: another SPN of the same length."""
    return data.replace(b"app1.example.test", b"app2.example.test", 1)


@pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: framing.name)
@pytest.mark.parametrize("server", [Policy(), REQUIRED])
@pytest.mark.parametrize("spn", [TWO_PARTS, THREE_PARTS])
def test_a_server_knows_what_was_asked_for(
    either_house: House, kind: type[Negotiate], framing: Framing, server: Policy, spn: str
) -> None:
    pair = meet(either_house, kind, Policy(), server, spn=spn, framing=framing)
    info = pair.server.engine.info
    assert info is not None, pair.server.error
    assert info.target_proven
    assert info.target == ServicePrincipalName.parse(spn)
    assert pair.client.engine.info is not None


def test_the_case_of_a_name_does_not_matter_in_a_directory(house: House, kind: type[Negotiate]) -> None:
    info = meet(house, kind, REQUIRED, REQUIRED, spn=TWO_PARTS.upper()).server.engine.info
    assert info is not None
    assert info.target == ServicePrincipalName.parse(TWO_PARTS)


def test_by_itself_a_server_does_not(house: House, kind: type[Negotiate]) -> None:
    """What target binding is for: the altered name is believed, and nothing says that it is wrong."""
    pair = meet(house, kind, OFF, OFF, alter=elsewhere)
    info = pair.server.engine.info
    assert info is not None
    assert "app2" in str(info.claimed_target)
    assert not info.target_proven


def test_a_name_that_was_altered_is_refused(house: House, kind: type[Negotiate]) -> None:
    error = refused(meet(house, kind, Policy(), Policy(), alter=elsewhere))
    assert isinstance(error, MechanismError)
    assert "binding" in str(error)


def test_a_ticket_for_a_sibling_is_refused(house: House, kind: type[Negotiate]) -> None:
    """The same account, the same key, another service; nothing was altered."""
    ours = Policy(targets=(ServicePrincipalName.parse(THREE_PARTS),), target_binding=Binding.REQUIRED)
    error = refused(meet(house, kind, Policy(), ours, spn=TWO_PARTS))
    assert isinstance(error, TargetError)
    assert f"asked for {TWO_PARTS}, and this server is {THREE_PARTS}" in str(error)


def test_a_sibling_in_disguise_is_refused(house: House, kind: type[Negotiate]) -> None:
    """Somebody on the way leads the client here, and writes this server's name into the clear part."""
    sibling = "ADSockAuth/app2.example.test/CN=SockAuthAD,CN=APP1,CN=Computers,DC=example,DC=test"
    ours = Policy(targets=(ServicePrincipalName.parse(sibling),), target_binding=Binding.REQUIRED)
    error = refused(meet(house, kind, Policy(), ours, alter=elsewhere))
    assert "binding" in str(error)
    lenient = Policy(targets=ours.targets)
    assert "binding" in str(refused(meet(house, kind, Policy(), lenient, alter=elsewhere)))


def test_a_client_that_sends_none(house: House, kind: type[Negotiate]) -> None:
    error = refused(meet(house, kind, OFF, REQUIRED))
    assert isinstance(error, TargetError)
    assert "alice@EXAMPLE.TEST did not prove which SPN it asked for" in str(error)
    info = meet(house, kind, OFF, Policy()).server.engine.info
    assert info is not None
    assert not info.target_proven
    assert info.target is None
    assert str(info.claimed_target) == THREE_PARTS


def test_a_server_that_looks_at_none(house: House, kind: type[Negotiate]) -> None:
    """It is not hurt by a client that sends them."""
    pair = meet(house, kind, REQUIRED, OFF)
    assert pair.server.engine.info is not None
    assert not pair.server.engine.info.target_proven
    assert pair.client.engine.info is not None


@pytest.mark.parametrize(
    "channel", [b"tls-server-end-point:" + bytes(32), b"tls-server-end-point:" + bytes(48)]
)
def test_both_bindings_together(house: House, kind: type[Negotiate], channel: bytes) -> None:
    client: Mechanism = kind(CredentialCache(house.cache))
    server: Mechanism = kind(Keytab(house.service.keytab))
    both = Policy(target_binding=Binding.REQUIRED, channel_binding=Binding.REQUIRED)
    for theirs, fits in ((channel, True), (channel + b"x", False)):
        pair = EnginePair(
            client, server, Winsock(), target=house.target(1), client_policy=both, server_policy=both
        )
        pair.client.engine.bind(channel)
        pair.server.engine.bind(theirs)
        pair.run()
        info = pair.server.engine.info
        if fits:
            assert info is not None, pair.server.error
            assert info.channel_bound
            assert info.target_proven
        else:
            assert "binding" in str(refused(pair))


def test_one_that_ties_both_does_not_fit_one_that_ties_the_channel(house: House) -> None:
    """Both ends have to require the target inside TLS; the error says so."""
    pair = EnginePair(
        Kerberos(CredentialCache(house.cache)),
        Kerberos(Keytab(house.service.keytab)),
        Winsock(),
        target=house.target(1),
        client_policy=REQUIRED,
    )
    for side in (pair.client, pair.server):
        assert isinstance(side.engine, Connection)
        side.engine.bind(b"tls-server-end-point:" + bytes(32))
    error = refused(pair.run())
    assert "target_binding" in str(error)


@pytest.mark.anyio
async def test_over_the_network(house: House, layer: Layer) -> None:
    alice, sockauth = Negotiate(CredentialCache(house.cache)), Negotiate(Keytab(house.service.keytab))
    async with layer.serving(sockauth, require=REQUIRED) as server:
        stream = await layer.connect(house.target(server.port), alice)
        accepted = await server.next()
        assert str(accepted.info.target) == THREE_PARTS
        await stream.close()
        with pytest.raises(PeerRejected):
            await layer.connect(house.target(server.port), alice, require=OFF)
        with anyio.fail_after(5):
            while not server.refused:  # noqa: ASYNC110 - there is no event for it
                await anyio.sleep(0.01)
        assert "did not prove which SPN" in str(server.refused[0])


@pytest.mark.anyio
async def test_a_policy_and_mutual_do_not_go_together(house: House, layer: Layer) -> None:
    with pytest.raises(ValueError, match="say mutual=False in the policy"):
        await layer.connect(house.target(1), Negotiate(), require=Policy(), mutual=False)
