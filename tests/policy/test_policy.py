"""Each requirement of a policy, by a mechanism that reaches what it is told to; and that both ends fail."""

from __future__ import annotations

from typing import Any

import pytest

from asyncauth import (
    AuthenticationError,
    AuthorizationError,
    Binding,
    ConnectionInfo,
    PeerRejected,
    Policy,
    ProtectionError,
    ServicePrincipalName,
    Target,
    TargetError,
)
from asyncauth.abc import Authorize, Check, Framing, Reply, Script
from asyncauth.engine import DecisionRequired
from asyncauth.framings import GssSample, NegotiateStream, Winsock, WinsockOneShot
from asyncauth.testing import EnginePair, ScriptedMechanism

SPN = "http/app1.example.test"
TARGET = Target("app1.example.test", 80, SPN)
CHANNEL = b"tls-server-end-point:" + bytes(32)
FRAMINGS = [NegotiateStream(), Winsock(), WinsockOneShot(), GssSample(), GssSample(1)]


def talk(
    policy: Policy, framing: Framing | None = None, *, channel: bytes | None = None, **reaches: Any
) -> EnginePair:
    mechanism = ScriptedMechanism(**reaches)
    pair = EnginePair(
        mechanism, mechanism, framing or NegotiateStream(), target=TARGET, server_policy=policy,
        client_policy=Policy(mutual=policy.mutual),
    )  # fmt: skip
    if channel:
        pair.server.engine.bind(channel)
    pair.run()
    pair.cut()
    return pair


def info_of(pair: EnginePair) -> ConnectionInfo:
    assert pair.server.engine.info is not None, pair.server.error
    return pair.server.engine.info


def refusal(pair: EnginePair) -> AuthenticationError:
    """Why the server refused; the client has not come in either."""
    assert isinstance(pair.server.error, AuthenticationError)
    assert pair.server.engine.info is None
    assert pair.client.error is not None
    assert pair.client.engine.info is None
    return pair.server.error


# --- each field ----------------------------------------------------------------------------------------------


def test_a_mechanism_that_is_not_named() -> None:
    error = refusal(talk(Policy(mutual=False, mechanisms=frozenset({"ntlm"}))))
    assert isinstance(error, ProtectionError)
    assert "authenticated with kerberos, and only ntlm is allowed here" in str(error)
    assert "only nothing" in str(refusal(talk(Policy(mechanisms=frozenset()))))
    assert info_of(talk(Policy(mechanisms=frozenset({"kerberos"})))).mechanism == "kerberos"


def test_ntlm_is_never_mutual_whatever_it_says() -> None:
    error = refusal(talk(Policy(), mechanism="ntlm", mutual=True))
    assert "ntlm, which cannot prove a server's identity" in str(error)


@pytest.mark.parametrize("bindings", [False, True])
def test_channel_binding(bindings: bool) -> None:
    policy = Policy(channel_binding=Binding.REQUIRED)
    pair = talk(policy, channel=CHANNEL, sends_bindings=bindings)
    if bindings:
        assert info_of(pair).channel_bound
    else:
        assert "did not bind its authentication to the TLS connection" in str(refusal(pair))
    assert info_of(talk(Policy(), channel=CHANNEL, sends_bindings=bindings)).channel_bound is bindings


def test_channel_binding_where_there_is_no_channel() -> None:
    error = refusal(talk(Policy(channel_binding=Binding.REQUIRED), sends_bindings=True))
    assert "does not run inside TLS" in str(error)


def test_a_client_too_may_insist_on_a_channel() -> None:
    mechanism = ScriptedMechanism()
    policy = Policy(channel_binding=Binding.REQUIRED)
    pair = EnginePair(mechanism, mechanism, Winsock(), target=TARGET, client_policy=policy).run()
    assert isinstance(pair.client.error, ProtectionError)
    assert SPN in str(pair.client.error)


@pytest.mark.parametrize("bindings", [False, True])
def test_target_binding(bindings: bool) -> None:
    policy = Policy(target_binding=Binding.REQUIRED)
    pair = talk(policy, sends_bindings=bindings, asked_for=SPN)
    if bindings:
        assert info_of(pair).target == ServicePrincipalName.parse(SPN)
        assert info_of(pair).target_proven
    else:
        error = refusal(pair)
        assert isinstance(error, TargetError)
        assert (
            f"did not prove which SPN it asked for, and target binding is required (its ticket says {SPN})"
            in str(error)
        )
    offered = info_of(talk(Policy(), sends_bindings=bindings, asked_for=SPN))
    assert offered.target_proven is bindings
    assert str(offered.claimed_target) == SPN


def test_a_token_that_names_no_spn_proves_none() -> None:
    error = refusal(talk(Policy(target_binding=Binding.REQUIRED), sends_bindings=True))
    assert "its ticket says nothing" in str(error)


def test_targets() -> None:
    policy = Policy(targets=("HTTP/APP1.example.test", "other/app1"))  # type: ignore[arg-type]
    assert info_of(talk(policy, asked_for=SPN, sends_bindings=True)).target_proven
    assert not info_of(talk(policy, asked_for=SPN)).target_proven
    error = refusal(talk(policy, asked_for="ldap/app1.example.test", sends_bindings=True))
    assert isinstance(error, TargetError)
    assert "asked for ldap/app1.example.test, and this server is HTTP/APP1.example.test, other/app1" in str(
        error
    )
    assert "an SPN that its token does not name" in str(refusal(talk(policy)))


# --- both ends, in each framing ------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: framing.name)
def test_the_client_learns_that_it_is_refused_and_not_why(framing: Framing) -> None:
    async def nobody(_: ConnectionInfo) -> bool:
        return False

    for policy in (Policy(target_binding=Binding.REQUIRED), Policy(authorize=nobody)):
        pair = talk(policy, framing, asked_for=SPN)
        refusal(pair)
        assert "alice" not in str(pair.client.error)
        assert not any(word in pair.server.wrote for word in (b"alice", b"target", b"SPN", SPN.encode()))
        if isinstance(framing, NegotiateStream):
            assert isinstance(pair.client.error, PeerRejected)


# --- the application's decision ------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: framing.name)
def test_it_is_asked_once_and_before_the_client_is_answered(framing: Framing) -> None:
    asked: list[ConnectionInfo] = []

    async def everybody(info: ConnectionInfo) -> bool:
        asked.append(info)
        assert b"token 1" not in pair.server.wrote
        return True

    mechanism = ScriptedMechanism(asked_for=SPN)
    pair = EnginePair(mechanism, mechanism, framing, target=TARGET, server_policy=Policy(authorize=everybody))
    pair.run()
    assert len(asked) == 1
    assert asked[0] == pair.server.engine.info
    assert asked[0].peer is not None
    assert asked[0].peer.name == "alice@EXAMPLE.TEST"
    assert pair.client.engine.info is not None


class Because:
    """A verdict with a reason."""

    reason = "not in the list"

    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize("verdict", [False, None, 0, Because()])
def test_anything_false_is_a_no(verdict: object) -> None:
    async def decide(_: ConnectionInfo) -> object:
        return verdict

    error = refusal(talk(Policy(authorize=decide)))
    assert isinstance(error, AuthorizationError)
    assert "alice@EXAMPLE.TEST is authenticated and was not let in" in str(error)
    assert ("(not in the list)" in str(error)) is isinstance(verdict, Because)


def test_an_exception_is_a_no() -> None:
    async def decide(_: ConnectionInfo) -> object:
        raise LookupError("no list")

    error = refusal(talk(Policy(authorize=decide)))
    assert isinstance(error, AuthorizationError)
    assert "(no list)" in str(error)
    assert isinstance(error.__cause__, LookupError)


def test_a_decision_that_was_never_made_is_a_no() -> None:
    async def decide(_: ConnectionInfo) -> object:
        return True

    mechanism = ScriptedMechanism()
    pair = EnginePair(
        mechanism, mechanism, NegotiateStream(), target=TARGET, server_policy=Policy(authorize=decide)
    )
    engine = pair.server.engine
    engine.receive_data(pair.client.says())
    decision = engine.next_event()
    assert isinstance(decision, DecisionRequired)
    engine.step_done(decision)
    with pytest.raises(AuthorizationError):
        engine.next_event()


def test_a_client_does_not_ask() -> None:
    async def decide(_: ConnectionInfo) -> object:
        raise AssertionError

    mechanism = ScriptedMechanism()
    pair = EnginePair(
        mechanism, mechanism, NegotiateStream(), target=TARGET, client_policy=Policy(authorize=decide)
    ).run()
    assert pair.client.engine.info is not None


@pytest.mark.parametrize("verdict", [False, True])
def test_a_framing_that_forgets_to_ask_is_asked_at_its_end(verdict: bool) -> None:
    async def decide(_: ConnectionInfo) -> object:
        return verdict

    pair = talk(Policy(authorize=decide), without(Authorize))
    assert (pair.server.engine.info is not None) is verdict
    assert isinstance(pair.server.error, AuthorizationError) is not verdict


def test_nothing_is_decided_without_a_check() -> None:
    async def decide(_: ConnectionInfo) -> object:
        raise AssertionError

    pair = talk(Policy(authorize=decide), without(Check))
    assert "ended its handshake without a check" in str(pair.server.error)


def without(command: type[Authorize | Check]) -> Framing:
    """A plug-in whose server leaves one command out."""

    class Forgetful(Winsock):
        def accept(self) -> Script:
            script = super().accept()
            reply: Reply = None
            while True:
                try:
                    wanted = script.send(reply)
                except StopIteration:
                    return
                reply = None if isinstance(wanted, command) else (yield wanted)

    return Forgetful()
