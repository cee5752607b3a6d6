"""SIDs and groups from a directory in memory: whom a name means, and what is kept; test_groups_real.py has the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import anyio
import pytest

from asyncauth import DirectoryError, MalformedRecord, ServiceNotFound
from asyncauth._sid import Sid
from asyncauth.discovery import Change, Entry, GroupLookup, Scope
from asyncauth.testing._directory import MemoryDirectory

pytestmark = pytest.mark.anyio

USERS = "CN=Users,DC=example,DC=test"
ISSUER = Sid.parse("S-1-5-21-1-2-3")
Make = Callable[..., Awaitable[str]]


@pytest.fixture
def people(memory: MemoryDirectory) -> Make:
    """Makes accounts with SIDs and groups."""

    async def make(account: str, rid: int, groups: Sequence[int] = (513,), **more: str) -> str:
        dn = f"CN={account},{USERS}"
        attributes = {key: [value] for key, value in more.items()}
        await memory.add(
            dn,
            {
                "objectClass": ["user"],
                "sAMAccountName": [account],
                "objectSid": [bytes(ISSUER.with_rid(rid))],
                "tokenGroups": [bytes(ISSUER.with_rid(each)) for each in groups],
                **attributes,
            },
        )
        return dn

    return make


async def test_a_principal_is_looked_for_in_its_own_realm_only(memory: MemoryDirectory, people: Make) -> None:
    await people("alice", 1000)
    await people("app1$", 1001)
    lookup = GroupLookup(memory)
    expected = (ISSUER.with_rid(1000), frozenset({ISSUER.with_rid(513)}))
    assert await lookup.identity_of("alice@EXAMPLE.TEST") == expected
    assert await lookup.groups_of("app1$@EXAMPLE.TEST")
    for stranger in ("alice@OTHER.TEST", "alice", "app1@EXAMPLE.TEST", r"alice\@EXAMPLE.TEST@OTHER.TEST"):
        with pytest.raises(ServiceNotFound, match="no account for the principal"):
            await lookup.groups_of(stranger)


async def test_quoted_signs_are_read(memory: MemoryDirectory, people: Make) -> None:
    await people("al", 1000, userPrincipalName="a@b@EXAMPLE.TEST")
    assert await GroupLookup(memory).groups_of(r"a\@b@EXAMPLE.TEST")


async def test_where_two_answer_nobody_does(memory: MemoryDirectory, people: Make) -> None:
    await people("alice", 1000)
    await people("mallory", 1001, userPrincipalName="alice@EXAMPLE.TEST")
    lookup = GroupLookup(memory)
    for ask in (lookup.groups_of, lookup.sid_of):
        with pytest.raises(DirectoryError, match=r"CN=alice.* and of CN=mallory") as caught:
            await ask("alice@EXAMPLE.TEST")
        assert caught.value.fix
    assert await lookup.sid_of("mallory") == ISSUER.with_rid(1001)


async def test_groups_that_may_not_be_read_are_an_error_and_not_none(
    memory: MemoryDirectory, people: Make
) -> None:
    await people("alice", 1000, groups=())
    with pytest.raises(DirectoryError, match=r"groups of CN=alice.* cannot be read") as caught:
        await GroupLookup(memory).groups_of("alice@EXAMPLE.TEST")
    assert "Windows Authorization Access Group" in (caught.value.fix or "")


async def test_an_account_that_vanishes_between_two_questions(
    memory: MemoryDirectory, people: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people("alice", 1000)

    async def read(dn: str, attributes: Sequence[str]) -> Entry | None:
        return None

    monkeypatch.setattr(memory, "read", read)
    with pytest.raises(DirectoryError, match="cannot be read"):
        await GroupLookup(memory).groups_of("alice@EXAMPLE.TEST")


async def test_attributes_that_are_no_sids(memory: MemoryDirectory, people: Make) -> None:
    await people("alice", 1000)
    await memory.modify(f"CN=alice,{USERS}", [Change("replace", "objectSid", [b"\x01"])])
    with pytest.raises(MalformedRecord, match="objectSid"):
        await GroupLookup(memory).sid_of("alice")
    await memory.modify(f"CN=alice,{USERS}", [Change("delete", "objectSid")])
    with pytest.raises(MalformedRecord, match="without its objectSid"):
        await GroupLookup(memory).sid_of("alice")


async def test_the_text_of_a_sid_is_not_looked_up(memory: MemoryDirectory) -> None:
    memory.fail_next(DirectoryError("it was asked"))
    assert await GroupLookup(memory).sid_of("s-1-5-32-544", group=True) == Sid(5, (32, 544))


async def test_a_directory_that_does_not_know_its_forest(memory: MemoryDirectory) -> None:
    with pytest.raises(DirectoryError, match="where the forest's configuration is"):
        await GroupLookup(memory).sid_of("EXAMPLE\\alice")


# --- memory -------------------------------------------------------------------------------------------------


class Counting(MemoryDirectory):
    """Counts questions."""

    questions = 0

    async def search(
        self,
        base: str,
        condition: str,
        attributes: Sequence[str],
        *,
        scope: Scope = Scope.SUBTREE,
        catalogue: bool = False,
    ) -> list[Entry]:
        self.questions += 1
        return await super().search(base, condition, attributes, scope=scope, catalogue=catalogue)


@pytest.fixture
def memory() -> Counting:
    return Counting()


async def test_answers_are_kept_for_their_age(
    memory: Counting, people: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("asyncauth.discovery._groups.time.monotonic", lambda: now[0])
    dn = await people("alice", 1000)
    lookup = GroupLookup(memory, max_age=60)
    before = await lookup.groups_of("alice@EXAMPLE.TEST")
    await memory.modify(dn, [Change("replace", "tokenGroups", [bytes(ISSUER.with_rid(600))])])
    asked = memory.questions
    now[0] += 59.9
    assert await lookup.groups_of("alice@EXAMPLE.TEST") == before
    assert memory.questions == asked
    now[0] += 0.1
    assert await lookup.groups_of("alice@EXAMPLE.TEST") == {ISSUER.with_rid(600)}


async def test_no_more_than_so_many_answers_are_kept(memory: Counting, people: Make) -> None:
    for rid, account in enumerate("abc", 1000):
        await people(account, rid)
    lookup = GroupLookup(memory, max_entries=2)
    for account in ("a", "b", "a", "c"):
        await lookup.sid_of(account)
    asked = memory.questions
    await lookup.sid_of("A")
    await lookup.sid_of("c")
    assert memory.questions == asked
    await lookup.sid_of("b")  # the one that was not used for longest
    assert memory.questions == asked + 1


async def test_failures_are_not_kept(memory: Counting, people: Make) -> None:
    lookup = GroupLookup(memory)
    with pytest.raises(ServiceNotFound):
        await lookup.sid_of("late")
    await people("late", 1000)
    assert await lookup.sid_of("late") == ISSUER.with_rid(1000)
    memory.fail_next(DirectoryError("unreachable"))
    with pytest.raises(DirectoryError, match="unreachable"):
        await lookup.groups_of("late@EXAMPLE.TEST")
    assert await lookup.groups_of("late@EXAMPLE.TEST")


async def test_many_at_once_and_a_cancelled_one(memory: Counting, people: Make) -> None:
    await people("alice", 1000)
    lookup = GroupLookup(memory, max_entries=1)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await lookup.groups_of("alice@EXAMPLE.TEST")
    assert scope.cancelled_caught
    results: list[frozenset[Sid]] = []

    async def ask() -> None:
        results.append(await lookup.groups_of("alice@EXAMPLE.TEST"))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
    assert results == [frozenset({ISSUER.with_rid(513)})] * 5


@pytest.mark.parametrize("options", [{"max_age": -1}, {"max_entries": 0}])
async def test_bounds_that_make_no_sense(memory: Counting, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="max_age is 0 or more"):
        GroupLookup(memory, **options)
