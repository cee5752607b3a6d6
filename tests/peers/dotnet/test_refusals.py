"""Wrong names, missing tickets and keys: who notices, what the other end hears, and that NTLM is never a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncauth import (
    CredentialError,
    Delegation,
    HandshakeTimeout,
    MechanismError,
    PeerRejected,
    Policy,
    TargetError,
    TruncatedStream,
)
from asyncauth.mechanisms import CredentialCache, Kerberos, Negotiate

from ...services import OTHERS, THREE_PARTS, TWO_PARTS
from .meeting import Meeting, Outcome, outcome, pattern
from .program import DotNetError
from .reading import Tap

pytestmark = pytest.mark.anyio

FAILURE = "0x80004005"
"""E_FAIL, all that .NET 3.1 on Linux ever says of its own errors."""
INTERNAL = "0x80090304"
"""SEC_E_INTERNAL_ERROR."""
NO_CREDENTIALS = "0x8009030D"
"""SEC_E_UNKNOWN_CREDENTIALS."""
NOBODY = "Nobody/localhost"


def heard(meeting: Meeting, theirs: DotNetError) -> bool:
    """.NET has understood that we refused. 3.1 compares our code with numbers of its own, and knows no more."""
    if meeting.net31:
        return theirs.error == "AuthenticationException" and "failed on the remote side" in theirs.message
    return theirs.error == "InvalidCredentialException"


# --- a .NET client -----------------------------------------------------------------------------------------


async def test_their_ticket_for_another_account(meeting: Meeting, tap: Tap) -> None:
    ours, theirs = await meeting.refused_by_our_server({}, through=tap.through, spn=OTHERS)
    assert isinstance(ours, TargetError)
    assert OTHERS in str(ours)
    assert heard(meeting, theirs)
    handshake, _ = tap.messages()
    assert [m.kind for m in handshake] == [0x16, 0x15]
    assert handshake[0].says(f"ticket's service {OTHERS}")


@pytest.mark.parametrize("spn", [NOBODY, THREE_PARTS])
async def test_a_name_that_they_cannot_get_a_ticket_for(meeting: Meeting, tap: Tap, spn: str) -> None:
    """N29. A three-part name is one of them: as a host-based name it never reaches the KDC as it is."""
    ours, theirs = await meeting.refused_by_our_server({}, through=tap.through, spn=spn)
    assert isinstance(ours, PeerRejected)
    assert ours.code == (FAILURE if meeting.net31 else INTERNAL)
    assert theirs.error == "AuthenticationException"
    assert [m.kind for m in tap.messages()[0]] == [0x15]


async def test_they_have_no_ticket(meeting: Meeting, tap: Tap) -> None:
    with meeting.dotnet.having(None, None):
        ours, theirs = await meeting.refused_by_our_server({}, through=tap.through)
    assert isinstance(ours, PeerRejected)
    assert ours.code == (FAILURE if meeting.net31 else NO_CREDENTIALS)
    assert theirs.error == "AuthenticationException"
    assert [m.kind for m in tap.messages()[0]] == [0x15]


async def test_a_password_of_theirs(meeting: Meeting) -> None:
    """N25: in place of a cache."""
    alice = meeting.house.realm.users["alice"]
    hers = {"user": alice.name, "password": alice.password, "domain": meeting.house.realm.name}
    async with meeting.layer.serving(meeting.sockauth) as server:
        with meeting.dotnet.having(None, None):
            theirs = await meeting.their_client(server.port, **hers)
        mine = await server.next()
        assert str(mine.info.peer) == alice.principal
        await theirs.close()


async def test_a_wrong_password_of_theirs(meeting: Meeting, tap: Tap) -> None:
    """N26, N29, N35: the cache is not taken after all. .NET's own SPNEGO falls back to NTLM, which we refuse."""
    hers = {"user": "alice", "password": "not hers", "domain": meeting.house.realm.name}
    ours, theirs = await meeting.refused_by_our_server({}, through=tap.through, **hers)
    assert theirs.error == ("InvalidCredentialException" if meeting.managed else "AuthenticationException")
    handshake, _ = tap.messages()
    if meeting.managed:
        assert isinstance(ours, MechanismError)
        assert [m.kind for m in handshake] == [0x16, 0x15]
        assert handshake[0].says("NTLM message 1")
    else:
        assert isinstance(ours, TruncatedStream if meeting.net31 else PeerRejected)
        assert [m.kind for m in handshake] == ([] if meeting.net31 else [0x15])


@pytest.mark.parametrize("takes", [Delegation.NONE, Delegation.ANY])
async def test_credentials_that_they_would_delegate(meeting: Meeting, takes: Delegation) -> None:
    """N16: .NET 8 passes on whatever ticket may be passed on, and our server takes it if its policy says so; 3.1 knows
    no levels."""
    async with meeting.layer.serving(meeting.sockauth, require=Policy(delegation=takes)) as server:
        there = Outcome()
        await outcome(there, lambda: meeting.their_client(server.port, impersonation="Delegation"))
        if meeting.net31:
            assert isinstance(there.error, DotNetError)
            assert there.error.error == "ArgumentOutOfRangeException"
            return
        mine = await server.next()
        assert mine.info.delegation
        assert (mine.info.delegated is not None) is (takes is Delegation.ANY)
        await there.value.write(10)
        assert await mine.receive_exactly(10) == pattern(0, 10)
        await there.value.close()


# --- a .NET server -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spn", "kind"), [(THREE_PARTS, Negotiate), (TWO_PARTS, Kerberos)])
async def test_what_their_server_takes(meeting: Meeting, spn: str, kind: type[Negotiate]) -> None:
    """Its key is that of all the account's names, and Kerberos may come without SPNEGO."""
    mechanism = kind(CredentialCache(meeting.house.cache))
    async with meeting.conversation("our_client", spn=spn, mechanism=mechanism) as (mine, theirs):
        await mine.send(pattern(1, 10))
        assert (await theirs.read(10, seed=1))["same"]


async def test_our_ticket_for_another_account(meeting: Meeting, tap: Tap) -> None:
    ours, theirs = await meeting.refused_with_their_server({}, through=tap.through, spn=OTHERS)
    assert isinstance(ours, PeerRejected)
    assert ours.code == (FAILURE if meeting.net31 else INTERNAL)
    assert OTHERS in str(ours)
    assert theirs.error == "AuthenticationException"
    assert [m.kind for m in tap.messages()[0]] == [0x16, 0x15]


async def test_a_name_that_we_cannot_get_a_ticket_for(meeting: Meeting, tap: Tap) -> None:
    ours, theirs = await meeting.refused_with_their_server({}, through=tap.through, spn=NOBODY)
    assert isinstance(ours, TargetError)
    assert NOBODY in str(ours)
    assert heard(meeting, theirs)
    assert [m.kind for m in tap.messages()[0]] == [0x15]


async def test_we_have_no_ticket(meeting: Meeting, tmp_path: Path) -> None:
    nothing = Negotiate(CredentialCache(f"FILE:{tmp_path}/nothing"))
    ours, theirs = await meeting.refused_with_their_server({}, mechanism=nothing)
    assert isinstance(ours, CredentialError)
    assert heard(meeting, theirs)


async def test_their_server_has_no_key(meeting: Meeting) -> None:
    """3.1 says that it refuses; 8.0 throws out of AuthenticateAsServerAsync, and whoever called it must close."""
    with meeting.dotnet.having(meeting.house.cache, None):
        ours, theirs = await meeting.refused_with_their_server({})
    if meeting.net31:
        assert isinstance(ours, PeerRejected)
        assert theirs.error == "AuthenticationException"
    else:
        assert isinstance(ours, TruncatedStream)
        assert theirs.error == "GssApiException"


async def test_their_server_has_another_key(meeting: Meeting) -> None:
    """N29: the service that we ask for is not in its keytab, and nothing else is tried."""
    with meeting.dotnet.having(meeting.house.cache, meeting.house.other.keytab):
        ours, theirs = await meeting.refused_with_their_server({})
    assert isinstance(ours, PeerRejected)
    assert theirs.error == "AuthenticationException"


async def test_their_server_wants_to_be_delegated_to(meeting: Meeting) -> None:
    """N16: delegation demanded and not granted; 3.1 knows no levels."""
    ours, theirs = await meeting.refused_with_their_server({"impersonation": "Delegation"})
    if meeting.net31:
        assert isinstance(ours, TruncatedStream)
        assert theirs.error == "ArgumentOutOfRangeException"
    else:
        assert isinstance(ours, PeerRejected)
        assert ours.code == "1790"
        assert theirs.error == "AuthenticationException"


async def test_their_server_is_silent(meeting: Meeting) -> None:
    listener = await meeting.dotnet.ask("listen")
    with pytest.raises(HandshakeTimeout):
        await meeting.our_client(listener["port"], handshake_timeout=0.1)
