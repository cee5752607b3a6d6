"""The allow-list: which rule fits whom, and what cannot be checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import DirectoryError, InvalidName, ServiceNotFound
from asyncauth._sid import Sid
from asyncauth.authorization import Allow, Decision, split_rule
from asyncauth.discovery import Change, GroupLookup
from asyncauth.testing import MemoryDirectory

from ..test_sid import SIDS
from .people import DOMAIN, claims, client, info, unreadable

pytestmark = pytest.mark.anyio

USERS = "CN=Users,DC=example,DC=test"
NAMES = st.text(min_size=1, max_size=20)


@pytest.fixture
async def directory() -> MemoryDirectory:
    """With the group Payroll, 2000, and alice, 1103, in it and in Domain Users."""
    memory = MemoryDirectory()
    await memory.add(
        f"CN=Payroll,{USERS}",
        {
            "objectClass": ["group"],
            "sAMAccountName": ["Payroll"],
            "objectSid": [bytes(DOMAIN.with_rid(2000))],
        },
    )
    await memory.add(
        f"CN=alice,{USERS}",
        {
            "objectClass": ["user"],
            "sAMAccountName": ["alice"],
            "objectSid": [bytes(DOMAIN.with_rid(1103))],
            "tokenGroups": [bytes(DOMAIN.with_rid(rid)) for rid in (513, 2000)],
        },
    )
    return memory


async def decision(allow: Allow, *who: Any, **more: Any) -> Decision:
    return await allow(client(*who, **more))


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "patterns", "may"),
    [
        ("alice@A.TEST", ["alice@A.TEST"], True),
        ("alice@A.TEST", ["ALICE@A.TEST"], False),
        ("alice@A.TEST", ["alice"], False),
        ("alice@B.TEST", ["*@A.TEST"], False),
        ("http/app1@A.TEST", ["http/*@A.TEST"], True),
        ("carol@A.TEST", ["alice@*", "[bc]*@A.TEST"], True),
        ("alice@A.TEST\n", ["alice@A.TEST"], False),
        (r"mallory@B\@A.TEST", ["*@A.TEST", "*"], False),
        (r"mallory\@A.TEST@B.TEST", ["*@A.TEST"], False),
        (r"mallory\@A.TEST@B.TEST", ["*@B.TEST"], True),
        ("A\\alice", ["A\\*"], True),
        (None, ["*"], False),
    ],
)
async def test_patterns_for_principals(name: str | None, patterns: list[str], may: bool) -> None:
    found = await decision(Allow(patterns), name)
    assert found.allowed is may
    assert (found.rule in patterns) is may
    assert may or found.rule is None


@pytest.mark.parametrize(
    ("name", "realm", "may"),
    [
        ("alice@A.TEST", "A.TEST", True),
        ("alice@a.test", "A.TEST", False),
        ("alice@SUB.A.TEST", "A.TEST", False),
        ("alice@B.TEST", "*", False),
        ("alice", "", False),
        (r"mallory\@A.TEST@B.TEST", "A.TEST", False),
        (r"mallory@B\@A.TEST", "A.TEST", False),
        (r"mallory@B\@A.TEST", r"B\@A.TEST", True),
    ],
)
async def test_realms_are_exact(name: str, realm: str, may: bool) -> None:
    found = await decision(Allow(realms=[realm]), name)
    assert found.allowed is may
    assert found.rule == (f"realm:{realm}" if may else None)


async def test_an_empty_list_refuses_everybody() -> None:
    allow = Allow()
    await allow.prepare()
    for who in (client(), client(told=claims()), client(None)):
        assert not await allow(who)
    assert repr(allow) == "<Allow nobody>"


async def test_one_rule_that_fits_is_enough() -> None:
    allow = Allow(["bob@*"], ["B.TEST"], [DOMAIN.with_rid(1)], [DOMAIN.with_rid(513)])
    assert (await decision(allow, "bob@A.TEST")).rule == "bob@*"
    assert (await decision(allow, "alice@B.TEST")).rule == "realm:B.TEST"
    assert (await decision(allow, "alice@A.TEST", claims())).rule == f"group:{DOMAIN}-513"
    assert (await decision(allow, "alice@A.TEST", claims(1, ()))).rule == f"sid:{DOMAIN}-1"
    assert not await decision(allow, "alice@A.TEST", claims(2, (512,)))
    assert repr(allow) == f"<Allow bob@*, realm:B.TEST, sid:{DOMAIN}-1, group:{DOMAIN}-513>"


@given(NAMES, st.sets(SIDS, max_size=3), st.sets(SIDS, max_size=3), st.sets(SIDS, max_size=3), SIDS)
def test_sids_fit_exactly_who_has_them(
    name: str, allowed: set[Sid], groups: set[Sid], held: set[Sid], own: Sid
) -> None:
    builtin = Sid(5, (32,))
    allowed, groups = ({sid for sid in each if sid.domain != builtin} for each in (allowed, groups))
    told = claims(groups=held)
    told = type(told)(told.account, told.domain, own, told.primary_group, told.groups)
    found = anyio.run(Allow(sids=map(str, allowed), groups=groups), client(name, told))
    assert found.allowed is bool((held | {own}) & allowed or held & groups)
    assert (found.rule is not None) is found.allowed


# --- SIDs and groups ----------------------------------------------------------------------------------------


async def test_a_sid_may_be_the_accounts_or_a_groups() -> None:
    asserted = Sid.parse("S-1-18-1")
    for sid in (DOMAIN.with_rid(1103), DOMAIN.with_rid(600), asserted):
        found = await decision(Allow(sids=[str(sid)]), "alice@A.TEST", claims(groups=(600, asserted)))
        assert found == Decision(True, f"alice@A.TEST is allowed by sid:{sid}", f"sid:{sid}")


async def test_who_is_called_like_a_group_is_not_in_it() -> None:
    assert not await decision(Allow(groups=[DOMAIN.with_rid(1103)]), "alice@A.TEST", claims(1103))


async def test_a_group_by_name(directory: MemoryDirectory) -> None:
    allow = Allow(groups=["Payroll"], directory=directory)
    assert "group:Payroll" in repr(allow)
    await allow.prepare()
    assert "group:Payroll" in repr(allow)
    told = claims(groups=(513, 2000))
    assert (await decision(allow, "alice@EXAMPLE.TEST", told)).rule == "group:Payroll"
    assert not await decision(allow, "alice@EXAMPLE.TEST", claims())


async def test_names_are_looked_up_at_first_use_without_preparation(directory: MemoryDirectory) -> None:
    allow = Allow(["bob@*"], groups=["Payroll"], directory=GroupLookup(directory))
    directory.fail_next(DirectoryError("no controller answers"))
    assert await decision(allow, "bob@A.TEST")  # asks nobody
    found = await decision(allow, "alice@EXAMPLE.TEST", claims(groups=(2000,)))
    assert not found
    assert "no controller answers" in found.reason
    assert await decision(allow, "alice@EXAMPLE.TEST", claims(groups=(2000,)))


async def test_a_group_that_is_known_needs_no_directory(directory: MemoryDirectory) -> None:
    allow = Allow(groups=[DOMAIN.with_rid(513), "Nobody"], directory=directory)
    assert await decision(allow, "alice@EXAMPLE.TEST", claims())
    found = await decision(allow, "alice@EXAMPLE.TEST", claims(groups=()))
    assert not found
    assert "no group 'Nobody'" in found.reason


async def test_many_clients_at_once_before_it_is_prepared(directory: MemoryDirectory) -> None:
    allow = Allow(groups=["Payroll"], directory=directory)
    found: list[Decision] = []

    async def ask() -> None:
        found.append(await decision(allow, "alice@EXAMPLE.TEST", claims(groups=(2000,))))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
    assert [each.rule for each in found] == ["group:Payroll"] * 5
    assert repr(allow) == "<Allow group:Payroll>"


async def test_a_name_that_is_no_group_fails_at_the_start(directory: MemoryDirectory) -> None:
    for name in ("Nobody", "alice"):
        with pytest.raises(ServiceNotFound, match=f"no group '{name}'"):
            await Allow(groups=[name], directory=directory).prepare()


async def test_built_in_groups_are_in_no_ticket(directory: MemoryDirectory) -> None:
    administrators = "S-1-5-32-544"
    with pytest.raises(InvalidName, match="no ticket carries"):
        Allow(sids=[administrators])
    with pytest.raises(InvalidName, match="no ticket carries"):
        Allow(groups=[administrators])
    await directory.modify(
        f"CN=Payroll,{USERS}", [Change("replace", "objectSid", [bytes(Sid.parse(administrators))])]
    )
    allow = Allow(groups=["Payroll"], directory=directory)
    with pytest.raises(InvalidName, match="Payroll is a built-in group"):
        await allow.prepare()
    assert not await decision(allow, "alice@EXAMPLE.TEST", claims())


# --- tickets without a PAC ----------------------------------------------------------------------------------


async def test_the_directory_answers_where_the_ticket_does_not(directory: MemoryDirectory) -> None:
    for allow in (
        Allow(groups=["Payroll"], directory=directory),
        Allow(sids=[DOMAIN.with_rid(1103)], directory=directory),
    ):
        assert await decision(allow)
        for stranger in ("alice@OTHER.TEST", "bob@EXAMPLE.TEST"):
            found = await decision(allow, stranger)
            assert not found
            assert "no account for the principal" in found.reason


async def test_the_ticket_goes_before_the_directory(directory: MemoryDirectory) -> None:
    allow = Allow(groups=["Payroll"], directory=directory)
    assert not await decision(allow, "alice@EXAMPLE.TEST", claims(groups=(513,)))


@pytest.mark.parametrize(
    ("mechanism", "asked", "reason"),
    [
        ("kerberos", False, "the ticket has no PAC and there is no directory"),
        ("ntlm", True, "ntlm does not tell"),
    ],
)
async def test_what_cannot_be_known_is_refused(
    directory: MemoryDirectory, mechanism: str, asked: bool, reason: str
) -> None:
    allow = Allow(sids=[DOMAIN.with_rid(1103)], directory=directory if asked else None)
    found = await decision(allow, mechanism=mechanism)
    assert not found
    assert reason in found.reason


async def test_a_pac_that_cannot_be_read_is_refused_where_it_matters() -> None:
    found = await Allow(sids=[DOMAIN.with_rid(1103)])(unreadable())
    assert not found
    assert "cannot be read" in found.reason
    assert await Allow(["alice@*"])(unreadable())


async def test_a_client_without_a_name() -> None:
    found = await Allow(["*"], sids=[DOMAIN.with_rid(1)])(info(None))
    assert found == Decision(False, "the client has no name")


# --- how lists are written ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "kind", "value"),
    [
        ("alice@EXAMPLE.TEST", "principal", "alice@EXAMPLE.TEST"),
        ("http/app1:8080@EXAMPLE.TEST", "principal", "http/app1:8080@EXAMPLE.TEST"),
        ("principal:realm:x", "principal", "realm:x"),
        ("Realm:x", "principal", "Realm:x"),
        ("realm:EXAMPLE.TEST", "realm", "EXAMPLE.TEST"),
        ("sid:S-1-5-21-1-2-3-4", "sid", "S-1-5-21-1-2-3-4"),
        ("group:EXAMPLE\\Domain Users", "group", "EXAMPLE\\Domain Users"),
    ],
)
def test_rules_as_one_word(rule: str, kind: str, value: str) -> None:
    assert split_rule(rule) == (kind, value)


@pytest.mark.parametrize("rule", ["", "sid:", "realm:", "group:", "principal:", "sid:alice"])
def test_rules_that_allow_nobody(rule: str) -> None:
    with pytest.raises(InvalidName) as caught:
        split_rule(rule)
    assert caught.value.fix


async def test_a_list_of_rules(directory: MemoryDirectory) -> None:
    allow = Allow.of(["bob@*", "realm:B.TEST", f"sid:{DOMAIN}-5", "group:Payroll"], directory)
    assert repr(allow) == f"<Allow bob@*, realm:B.TEST, sid:{DOMAIN}-5, group:Payroll>"


@pytest.mark.parametrize("name", ["principals", "realms", "sids", "groups"])
def test_one_text_is_no_list(name: str) -> None:
    lists: dict[str, Any] = {name: "alice@EXAMPLE.TEST"}
    with pytest.raises(TypeError, match=f"{name} is a sequence"):
        Allow(**lists)


def test_names_of_groups_need_a_directory() -> None:
    with pytest.raises(ValueError, match="Payroll"):
        Allow(groups=["Payroll", DOMAIN.with_rid(5)])


def test_a_sid_that_is_none() -> None:
    values: Sequence[str] = ["Domain Users"]
    with pytest.raises(InvalidName):
        Allow(sids=values)
