"""Target binding with .NET, which knows nothing of it: it is not hurt, and nothing is proven."""

from __future__ import annotations

import pytest

from asyncauth import Binding, Policy, TargetError

from ...services import TWO_PARTS
from .meeting import Meeting

pytestmark = pytest.mark.anyio

REQUIRED = Policy(target_binding=Binding.REQUIRED)


async def test_their_server_takes_a_client_that_sends_it(meeting: Meeting) -> None:
    async with meeting.conversation("our_client", require=REQUIRED) as (mine, theirs):
        await mine.send(b"x" * 10)
        await theirs.read(10)


async def test_their_client_proves_nothing(meeting: Meeting) -> None:
    async with meeting.conversation("our_server") as (mine, _):
        assert not mine.info.target_proven
        assert mine.info.target is None
        assert str(mine.info.claimed_target) == TWO_PARTS


async def test_their_client_is_refused_where_proof_is_required(meeting: Meeting) -> None:
    ours, theirs = await meeting.refused_by_our_server({"require": REQUIRED})
    assert isinstance(ours, TargetError)
    assert "did not prove which SPN it asked for" in str(ours)
    assert theirs.error == "AuthenticationException" if meeting.net31 else "InvalidCredentialException"
