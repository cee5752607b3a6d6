"""The directory in memory refuses what a controller would refuse."""

from __future__ import annotations

import pytest

from asyncauth import _errors
from asyncauth.discovery import Change, Scope
from asyncauth.testing._directory import MemoryDirectory

pytestmark = pytest.mark.anyio

SYSTEM = "CN=System,DC=example,DC=test"


async def test_names_and_bases(memory: MemoryDirectory) -> None:
    well_known = "<WKGUID=AB1D30F3768811D1ADED00C04FD8D5CD,DC=Example,DC=Test>"
    system = await memory.read(well_known, ["objectGUID"])
    assert system is not None
    assert system.dn == SYSTEM
    assert await memory.read(f"<GUID={system.guid}>", []) is not None
    assert await memory.read(well_known.replace("AB1", "AB2"), []) is None
    assert await memory.read(well_known.replace("Example", "other"), []) is None
    with pytest.raises(_errors.DirectoryError, match="parent does not exist"):
        await memory.add(f"CN=x,CN=nowhere,{SYSTEM}", {})
    with pytest.raises(_errors.DirectoryError, match="noSuchObject"):
        await memory.modify(f"CN=x,{SYSTEM}", [])
    with pytest.raises(_errors.DirectoryError, match="notAllowedOnNonLeaf"):
        await memory.delete(SYSTEM)


async def test_filters(memory: MemoryDirectory) -> None:
    async def found(condition: str) -> list[str]:
        entries = await memory.search("DC=example,DC=test", condition, ["cn"], scope=Scope.ONE)
        return sorted(text for entry in entries for text in entry.texts("CN"))

    assert await found("(&(objectClass=container)(!(cn=users)))") == ["Computers", "System"]
    assert await found("(|(cn=Users)(CN=\\53ystem)(none=*))") == ["System", "Users"]
    for bad in ("", "cn=x", "(cn=x))", "(cn=x", "(&(cn=x)", "(^(cn=x))", "(cn~x)"):
        with pytest.raises(_errors.DirectoryError, match="filter"):
            await found(bad)


async def test_the_catalogue_lacks_attributes_and_may_lag(memory: MemoryDirectory) -> None:
    values = {"objectClass": ["serviceConnectionPoint"], "serviceDNSName": ["h"], "keywords": ["k"]}
    await memory.add(f"CN=x,{SYSTEM}", values)
    (entry,) = await memory.search("", "(keywords=K)", ["serviceDNSName", "keywords"], catalogue=True)
    assert list(entry.attributes) == ["keywords"]
    assert await memory.search("", "(serviceDNSName=h)", [], catalogue=True) == []
    memory.lagging = True
    await memory.modify(f"CN=x,{SYSTEM}", [Change("replace", "keywords", ["new"])])
    assert await memory.search("", "(keywords=new)", [], catalogue=True) == []
    memory.replicate()
    assert await memory.search("", "(keywords=new)", [], catalogue=True)


async def test_faults_on_order(memory: MemoryDirectory) -> None:
    first, second = _errors.DirectoryError("first"), _errors.DirectoryError("second")
    memory.fail_next(first)
    memory.fail_next(second, done=True)
    with pytest.raises(_errors.DirectoryError, match="first"):
        await memory.read(SYSTEM, [])
    with pytest.raises(_errors.DirectoryError, match="second"):
        await memory.add(f"CN=x,{SYSTEM}", {"objectClass": ["container"]})
    assert await memory.read(f"CN=x,{SYSTEM}", ["*"]) is not None
