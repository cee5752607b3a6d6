"""What each ProtectionLevel of .NET is on Linux, as it reports it itself and as the bytes show it.

MIT's Kerberos grants confidentiality whether it was asked for or not, and .NET takes what it gets. So .NET's client
cannot have a connection that is only signed: 3.1 gives up after a complete handshake, 8.0 seals. None is NTLM
without SPNEGO there, which GSSAPI has not without a plug-in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asyncauth import (
    FrameTooLarge,
    MechanismError,
    PeerRejected,
    Policy,
    Protection,
    ProtectionError,
    TruncatedStream,
)
from asyncauth.abc import ContextInfo, SecurityContext
from asyncauth.mechanisms import Negotiate, Ntlm

from .meeting import LEVELS, Meeting, Outcome, outcome, pattern
from .program import DotNetError
from .reading import Tap

pytestmark = pytest.mark.anyio

NONE, SIGN, SEAL = Protection
FULL, OURS = 64_512, 64_488
"""Bytes of plaintext in a message at most: .NET's, and ours."""
OVERHEAD = {SIGN: 28, SEAL: 60}
"""What a Wrap token adds with AES-SHA1 (RFC 4121, RFC 3962)."""
UNMET = "A security requirement was not fulfilled during authentication."
REMOTELY_UNMET = "A remote side security requirement was not fulfilled during authentication."
HERS = {"level": "None", "user": "carol", "password": "Carols.pa55word", "domain": "EXAMPLE"}

met = pytest.mark.parametrize(
    ("require", "level"), [(mine, theirs) for mine in Protection for theirs in Protection if mine >= theirs]
)
unmet = pytest.mark.parametrize(
    ("require", "level"), [(mine, theirs) for mine in Protection for theirs in Protection if mine < theirs]
)


@met
async def test_our_client_gets_exactly_what_it_requires(
    meeting: Meeting, tap: Tap, require: Protection, level: Protection
) -> None:
    """.NET's server has a minimum, too, and is content with more."""
    talk = meeting.conversation("our_client", tap.through, LEVELS[level], require=require)
    async with talk as (mine, theirs):
        assert mine.info.protection is require
        assert theirs.properties["encrypted"] == (require is SEAL)
        assert theirs.properties["signed"] == (require >= SIGN)
        assert theirs.properties["mutual"]
        await mine.send(pattern(1, FULL + 1))
        assert (await theirs.read(FULL + 1, seed=1))["same"]
        await theirs.write(FULL + 1, seed=2)
        assert await mine.receive_exactly(FULL + 1) == pattern(2, FULL + 1)
        handshake, data = tap.messages(framed=require > NONE)
    assert [(m.sender, m.kind) for m in handshake] == [(">", 0x16), ("<", 0x14)]
    if require is NONE:
        assert [m.data for m in data] == [pattern(1, FULL + 1), pattern(2, FULL + 1)]
        return
    assert {m.sealed for m in data} == {require is SEAL}
    more = 4 + OVERHEAD[require]
    assert [len(m.data) for m in data if m.sender == ">"] == [OURS + more, FULL + 1 - OURS + more]
    assert [len(m.data) for m in data if m.sender == "<"] == [FULL + more, 1 + more]
    assert max(len(m.data) - 4 for m in data if m.sender == ">") <= 0xFC30  # [MS-NNS] 2.2.2


@unmet
async def test_their_server_refuses_less_than_it_requires(
    meeting: Meeting, tap: Tap, require: Protection, level: Protection
) -> None:
    """N22: both ends fail, and ours says why, in whichever byte order the code comes."""
    ours, theirs = await meeting.refused_with_their_server(
        {"level": LEVELS[level]}, through=tap.through, require=require
    )
    assert isinstance(ours, PeerRejected)
    assert ours.code == "1790"
    assert "requires more protection" in str(ours)
    assert theirs.error == "AuthenticationException"
    # which of the two is which .NET says the wrong way round
    assert theirs.message == f"{UNMET} Required: {LEVELS[require]}, negotiated: {LEVELS[level]}."
    body = tap.messages()[0][-1].data[5:]
    assert body.hex() == ("00000000000006fe" if meeting.net31 else "fe06000000000000")


async def test_our_server_refuses_less_than_it_requires(meeting: Meeting, tap: Tap) -> None:
    """N22, the other way round. No .NET on Linux asks for less, so it is our server that grants less."""
    ours, theirs = await meeting.refused_by_our_server(
        {"mechanism": Miser(meeting.sockauth)}, through=tap.through
    )
    assert isinstance(ours, ProtectionError)
    assert "reached protection SIGN where SEAL is required" in str(ours)
    assert theirs.error == "AuthenticationException"
    assert theirs.message.startswith(REMOTELY_UNMET)
    assert [m.kind for m in tap.messages()[0]] == [0x16, 0x15]


class Miser(Negotiate):
    """Its contexts seal, and pass for such as only sign."""

    def __init__(self, real: Negotiate) -> None:
        super().__init__(real.credential)

    def accept(self, policy: Policy, /) -> SecurityContext:
        context: Any = Lessened(super().accept(policy))
        accepted: SecurityContext = context
        return accepted


class Lessened:
    def __init__(self, context: SecurityContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def info(self) -> ContextInfo:
        return self._context.info()._replace(protection=SIGN)


async def test_a_client_of_theirs_that_asks_to_sign(meeting: Meeting, tap: Tap) -> None:
    async with meeting.layer.serving(meeting.sockauth, require=SIGN) as server:
        there = Outcome()
        await outcome(there, lambda: meeting.their_client(tap.through(server.port), level="Sign"))
        mine = await server.next()
        assert mine.info.protection is SEAL
        if meeting.net31:
            assert isinstance(there.error, DotNetError)
            assert there.error.error == "PlatformNotSupportedException"
            with pytest.raises(TruncatedStream):
                await mine.receive()
            return
        assert there.value.properties["encrypted"]
        await there.value.write(10)
        assert await mine.receive_exactly(10) == pattern(0, 10)
        assert [m.sealed for m in tap.messages()[1]] == [True]
        await there.value.close()


@pytest.mark.parametrize("require", Protection)
async def test_a_client_of_theirs_without_protection_is_refused(
    meeting: Meeting, tap: Tap, require: Protection
) -> None:
    """It means NTLM, which our Negotiate does not take, whatever it requires."""
    server = {"require": require, "mutual": require is not NONE}
    ours, theirs = await meeting.refused_by_our_server(server, through=tap.through, **HERS)
    handshake, data = tap.messages(framed=False)
    assert not data
    if not meeting.managed:
        assert theirs.error == "AuthenticationException"  # of its own: GSSAPI has no NTLM
        if meeting.net31:
            assert isinstance(ours, TruncatedStream)
            assert not handshake
        else:
            assert isinstance(ours, PeerRejected)
            assert ours.code == "0x80090302"  # SEC_E_UNSUPPORTED_FUNCTION
        return
    assert isinstance(ours, MechanismError)
    assert "the client sent NTLM" in str(ours)
    assert handshake[0].says("NTLM message 1, without SPNEGO")
    assert handshake[1].data.hex() == "1501a100080c0309808009030c"
    assert theirs.error == "InvalidCredentialException"


@pytest.fixture
def carol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Her account, where pyspnego looks for it."""
    users = tmp_path / "users"
    users.write_text(f"{HERS['domain']}:{HERS['user']}:{HERS['password']}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))


@pytest.mark.usefixtures("carol")
async def test_ntlm_by_name_is_refused_for_not_being_mutual(meeting: Meeting, tap: Tap) -> None:
    if not meeting.managed:
        return
    ours, theirs = await meeting.refused_by_our_server(
        {"mechanism": Ntlm(), "require": NONE}, through=tap.through, **HERS
    )
    assert isinstance(ours, ProtectionError)
    assert "ntlm, which cannot prove a server's identity" in str(ours)
    assert [m.kind for m in tap.messages(framed=False)[0]] == [0x16, 0x16, 0x14, 0x15]
    assert theirs.error == "AuthenticationException"
    assert theirs.message.startswith(REMOTELY_UNMET)


@pytest.mark.usefixtures("carol")
async def test_ntlm_by_name_where_mutual_is_given_up(meeting: Meeting, tap: Tap) -> None:
    """N53: .NET's own NTLM agrees on signing and then does not sign. Nothing of that passes for data."""
    if not meeting.managed:
        return
    async with meeting.layer.serving(Ntlm(), require=NONE, mutual=False) as server:
        theirs = await meeting.their_client(tap.through(server.port), **HERS)
        mine = await server.next()
        assert (mine.info.mechanism, mine.info.mutual, mine.info.protection) == ("ntlm", False, SIGN)
        assert str(mine.info.peer) == "EXAMPLE\\carol"
        assert not theirs.properties["mutual"]
        assert not theirs.properties["signed"]
        await theirs.write(1000, seed=99)
        with pytest.raises(FrameTooLarge):
            await mine.receive()
        handshake, data = tap.messages(framed=False)
        assert [m.kind for m in handshake] == [0x16, 0x16, 0x14, 0x14]
        assert [m.data for m in data] == [pattern(99, 1000)]
        await theirs.close()
