"""What the handshake proved, or did not."""

from __future__ import annotations

import anyio
import pytest

from asyncauth import (
    AsyncAuthError,
    Binding,
    MechanismError,
    PeerRejected,
    Policy,
    Protection,
    ProtectionError,
    Role,
    TargetError,
)
from asyncauth.abc import SecurityContext
from asyncauth.engine import _policy
from asyncauth.failures import failure, lookup
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate, Ntlm, Password

from ..layers import AnyioLayer
from ..services import OTHERS, TWO_PARTS, House
from .provoked import SEAL, explained, kinds, row, shown, spn

OURS, PROXYS = b"tls-server-end-point:" + bytes(32), b"tls-server-end-point:" + b"\1" * 32
NTLM = b"NTLMSSP\0\1\0\0\0\x97\x82\x08\xe2" + bytes(24)
NTLM_IN_SPNEGO = bytes.fromhex("601c06062b0601050502a0123010a00e300c060a2b06010401823702020a")
NTLM_ANSWER = bytes.fromhex("a1153013a0030a0101a10c060a2b06010401823702020a")
layer = AnyioLayer()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def of_class(number: int, error: AsyncAuthError, kind: type[AsyncAuthError], *words: str) -> None:
    """An error without a code, which is found by its class."""
    assert type(error) is kind
    assert [word for word in words if word not in str(error)] == []
    assert error.fix
    assert error.cause
    assert failure(number) in {each for found in lookup(kind.__name__) for each in found.failures}


def contexts(
    house: House, kind: type[Negotiate], client: bytes | None, server: bytes | None, policy: Policy = SEAL
) -> tuple[SecurityContext, SecurityContext]:
    """Both ends, each with the channel it believes to be in."""
    initiator = kind(CredentialCache(house.cache)).initiate(
        spn(TWO_PARTS), Policy(target_binding=Binding.OFF)
    )
    acceptor = kind(Keytab(house.service.keytab)).accept(policy)
    for context, channel in ((initiator, client), (acceptor, server)):
        if channel is not None:
            context.bind(channel)
    return initiator, acceptor


@row(17)
@kinds
def test_tls_that_ends_in_between(either_house: House, kind: type[Negotiate]) -> None:
    initiator, acceptor = contexts(either_house, kind, PROXYS, OURS)
    token, _ = initiator.step(None)
    shown(17, MechanismError, "GSS_S_BAD_BINDINGS", "differ", "ends TLS", when=lambda: acceptor.step(token))


@row(18)
@kinds
def test_a_client_that_binds_nothing(either_house: House, kind: type[Negotiate]) -> None:
    """The library lets it in; the policy does not."""
    required = Policy(channel_binding=Binding.REQUIRED)
    initiator, acceptor = contexts(either_house, kind, None, OURS, required)
    assert acceptor.step(initiator.step(None).token).complete
    with pytest.raises(ProtectionError) as caught:
        _policy.check_policy(acceptor.info(), required, Role.SERVER, "alice", channel=True)
    of_class(18, caught.value, ProtectionError, "alice", "did not bind", "channel binding")


@row(19)
@kinds
@pytest.mark.parametrize("token", [NTLM, NTLM_IN_SPNEGO])
def test_a_client_that_sends_ntlm(house: House, kind: type[Negotiate], token: bytes) -> None:
    acceptor = kind(Keytab(house.service.keytab)).accept(SEAL)
    error = shown(
        19, MechanismError, "GSS_S_BAD_MECH", "the client sent NTLM", when=lambda: acceptor.step(token)
    )
    assert "Unknown error" not in str(error)


@row(19)
@kinds
@pytest.mark.parametrize("answer", [NTLM, NTLM_ANSWER])
def test_a_server_that_answers_with_ntlm(house: House, kind: type[Negotiate], answer: bytes) -> None:
    client = kind(CredentialCache(house.cache)).initiate(spn(TWO_PARTS), SEAL)
    client.step(None)
    text = f"the server {TWO_PARTS} sent NTLM"
    shown(19, MechanismError, "GSS_S_BAD_MECH", text, when=lambda: client.step(answer))


@row(19)
@pytest.mark.anyio
async def test_an_ntlm_client_at_our_server(house: House) -> None:
    alice = house.realm.users["alice"]
    client = Ntlm(Password(f"EXAMPLE\\{alice.name}", alice.password))
    server = Negotiate(Keytab(house.service.keytab))
    async with layer.serving(server) as serving:
        with pytest.raises(PeerRejected) as rejected:
            await layer.connect(house.target(serving.port), client, require=Policy(mutual=False))
        while not serving.refused:
            await layer_turn()
        explained(19, serving.refused[0], MechanismError, "GSS_S_BAD_MECH", "NTLM", "no Kerberos ticket")
    assert rejected.value.code == "0x8009030C"
    assert rejected.value.cause
    assert {5, 6, 7} <= {each.number for found in lookup("0x8009030C") for each in found.failures}


async def layer_turn() -> None:
    """Let the server's tasks run."""
    await anyio.sleep(0.01)


@row(20)
@kinds
def test_an_impostor(either_house: House, kind: type[Negotiate]) -> None:
    """It has a key and a ticket was made for it, but not the ones asked for."""
    client = kind(CredentialCache(either_house.cache))
    wanted = client.initiate(spn(TWO_PARTS), SEAL)
    wanted.step(None)
    stolen, _ = client.initiate(spn(OTHERS), SEAL).step(None)
    answer, _ = kind(Keytab(either_house.other.keytab)).accept(SEAL).step(stolen)
    shown(20, TargetError, "-1765328353", TWO_PARTS, "impostor", when=lambda: wanted.step(answer))


@row(20)
@kinds
def test_a_server_with_the_key_of_another(either_house: House, kind: type[Negotiate]) -> None:
    """It refuses the ticket, and its error token says to the client why."""
    client = kind(CredentialCache(either_house.cache)).initiate(spn(OTHERS), SEAL)
    acceptor = kind(Keytab(either_house.service.keytab)).accept(SEAL)
    token, _ = client.step(None)
    with pytest.raises(TargetError) as refused:
        acceptor.step(token)
    shown(20, TargetError, "-1765328349", OTHERS, when=lambda: client.step(refused.value.token))


@row(20)
@kinds
def test_a_client_that_does_not_ask_for_proof(house: House, kind: type[Negotiate]) -> None:
    client = kind(CredentialCache(house.cache)).initiate(spn(TWO_PARTS), Policy(mutual=False))
    acceptor = kind(Keytab(house.service.keytab)).accept(SEAL)
    assert acceptor.step(client.step(None).token).complete
    with pytest.raises(ProtectionError) as caught:
        _policy.check_policy(acceptor.info(), SEAL, Role.SERVER, "alice")
    of_class(20, caught.value, ProtectionError, "alice", "prove its identity")


@row(33)
@pytest.mark.anyio
async def test_less_than_the_server_requires(house: House) -> None:
    client, server = Negotiate(CredentialCache(house.cache)), Negotiate(Keytab(house.service.keytab))
    async with layer.serving(server) as serving:
        with pytest.raises(PeerRejected) as rejected:
            await layer.connect(
                house.target(serving.port, TWO_PARTS), client, require=Policy(protection=Protection.SIGN)
            )
        while not serving.refused:
            await layer_turn()
        of_class(33, serving.refused[0], ProtectionError, "SEAL is required")
    explained(33, rejected.value, PeerRejected, "1790", "requires more protection")
