"""What a refused client learns from the wire: that it was refused. The reasons are compared by their bytes.

A mechanism's own error (KRB-ERROR) tells more, by its nature: the code, the server's clock, realm and name. MS-NNS and
SASL have no place for it; the framings of the sockets sample and of gss-sample send it.
"""

from __future__ import annotations

from typing import Any

import pytest

from asyncauth import Binding, ConnectionInfo, Policy, Protection
from asyncauth.abc import Framing, Mechanism
from asyncauth.capture import Reading, wire_of
from asyncauth.framings import GssSample, NegotiateStream, Sasl, Winsock
from asyncauth.mechanisms import Kerberos
from asyncauth.tokens import Initial, KrbError, NegTokenResp

from ..layers import Layer
from ..services import OTHERS, House
from .wire import Seen, refusals, say, watched

pytestmark = pytest.mark.anyio

LOGON_DENIED = bytes.fromhex("1501a100080c0309808009030c")
"""MS-NNS, HandshakeError: SEC_E_LOGON_DENIED in either byte order."""
TRUST_FAILURE = bytes.fromhex("1501a10008fe060000000006fe")
"""1790, which .NET expects where protection, mechanism or mutual authentication are the matter."""
SASL_BAD = b"\x03\0\0\0\x15authentication failed"


async def nobody(_: ConnectionInfo) -> bool:
    return False


async def broken(_: ConnectionInfo) -> bool:
    raise RuntimeError("a database password")


WHO = {
    "not wanted": (Policy(authorize=nobody), {}),
    "an error of the application": (Policy(authorize=broken), {}),
    "another service": (Policy(targets=("http/elsewhere",)), {}),  # type: ignore[arg-type]
    "no target binding": (
        Policy(target_binding=Binding.REQUIRED),
        {"require": Policy(target_binding=Binding.OFF)},
    ),
}
HOW: dict[str, tuple[Policy, dict[str, Any]]] = {
    "too little protection": (Policy(), {"require": Policy(Protection.SIGN)}),
    "not in TLS": (Policy(channel_binding=Binding.REQUIRED), {}),
    "mechanism": (Policy(mechanisms=frozenset({"ntlm"})), {}),
    "not mutual": (Policy(), {"require": Policy(mutual=False)}),
}


async def each(
    layer: Layer,
    house: House,
    mechanisms: tuple[Mechanism, Mechanism],
    framing: Framing,
    cases: dict[str, tuple[Policy, dict[str, Any]]],
) -> dict[str, Seen]:
    """What passed in each case."""
    alice, sockauth = mechanisms
    found = {}
    for name, (policy, options) in cases.items():
        async with layer.serving(sockauth, require=policy, framing=framing) as server:
            found[name] = await watched(layer, house, server, alice, framing=framing, **options)
            (refused,) = await refusals(server)
            assert refused.fix
    return found


async def test_ms_nns_has_two_numbers_and_no_words(
    layer: Layer, house: House, alice: Mechanism, sockauth: Mechanism
) -> None:
    who = await each(layer, house, (alice, sockauth), NegotiateStream(), WHO)
    assert {seen.server for seen in who.values()} == {LOGON_DENIED}
    assert len({str(seen.error) for seen in who.values()}) == 1
    how = await each(layer, house, (alice, sockauth), NegotiateStream(), HOW)
    assert {seen.server for seen in how.values()} == {TRUST_FAILURE}


@pytest.mark.parametrize("framing", [Winsock(), GssSample()], ids=["winsock", "gss-sample"])
async def test_the_samples_framings_say_nothing(
    layer: Layer, house: House, alice: Mechanism, sockauth: Mechanism, framing: Framing
) -> None:
    seen = await each(layer, house, (alice, sockauth), framing, WHO | HOW)
    assert {each.server for each in seen.values()} == {b""}


async def test_sasl_says_the_same_of_everything(
    layer: Layer, house: House, alice: Mechanism, sockauth: Mechanism, kind: type[Mechanism]
) -> None:
    """In GSSAPI the client names whom it wants to act as after the tokens, so it is judged after them."""
    framing = Sasl("GSSAPI" if kind is Kerberos else "GSS-SPNEGO")
    seen = await each(layer, house, (alice, sockauth), framing, WHO | HOW)
    assert {each.server[-len(SASL_BAD) :] for each in seen.values()} == {SASL_BAD}
    late = {name for name, each in seen.items() if each.server != SASL_BAD}
    assert late == ({"not wanted", "an error of the application"} if kind is Kerberos else set())


async def test_a_stranger_without_a_ticket_learns_no_more(
    layer: Layer, house: House, alice: Mechanism, sockauth: Mechanism
) -> None:
    """Someone else's ticket, a damaged one, one that was used, and no ticket at all; in MS-NNS and SASL."""
    for framing, expected in ((NegotiateStream(), LOGON_DENIED), (sasl_of(sockauth), SASL_BAD)):
        async with layer.serving(sockauth, framing=framing) as server:
            other = await watched(layer, house, server, alice, framing=framing, spn=OTHERS)
            good = await watched(layer, house, server, alice, framing=framing, admitted=True)
            damaged = bytearray(good.client)
            damaged[len(damaged) // 3] ^= 1  # within the ticket
            answers = [
                other.server,
                await say(server.port, good.client),
                await say(server.port, bytes(damaged)),
            ]
            assert answers == [expected] * 3
            assert len({str(error) for error in await refusals(server, 3)}) == 3


@pytest.mark.parametrize("framing", [Winsock(), GssSample()], ids=["winsock", "gss-sample"])
async def test_in_the_samples_framings_kerberos_tells_its_own(
    layer: Layer, house: House, alice: Mechanism, sockauth: Mechanism, framing: Framing
) -> None:
    """A code, the server's clock, and the realm and name of what was asked for: no path, no name of a client."""
    async with layer.serving(sockauth, framing=framing) as server:
        seen = await watched(layer, house, server, alice, framing=framing, spn=OTHERS)
        (refused,) = await refusals(server)
    (message,) = Reading(wire_of(framing.name, bare=False)).feed("<", 0.0, seen.server)
    token = message.token
    error = token.token if isinstance(token, NegTokenResp | Initial) else token
    error = error.token if isinstance(error, Initial) else error
    assert isinstance(error, KrbError)
    assert error.code == 35  # KRB_AP_ERR_NOT_US
    assert not error.text
    assert str(house.service.keytab) in str(refused)
    assert b"alice" not in seen.server
    assert b"keytab" not in seen.server


def sasl_of(mechanism: Mechanism) -> Sasl:
    return Sasl("GSSAPI" if mechanism.name == "kerberos" else "GSS-SPNEGO")
