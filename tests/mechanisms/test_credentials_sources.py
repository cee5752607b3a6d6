"""Who a connection is: every kind of source, several at once, and none ever in the place of another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import anyio
import krb5
import pytest

from asyncauth import (
    AsyncAuthError,
    CredentialError,
    HandshakeTimeout,
    MechanismError,
    Protection,
    ServicePrincipalName,
)
from asyncauth.abc import Mechanism
from asyncauth.mechanisms import (
    Credential,
    CredentialCache,
    DefaultCredential,
    Kerberos,
    Keytab,
    Negotiate,
    Password,
)
from asyncauth.mechanisms._gss._credentials import _Copy
from asyncauth.mechanisms._gss._keys import KRB5
from asyncauth.mechanisms._krb5._memory import MemoryCache
from asyncauth.testing import MitRealm, Realm

from ..layers import LAYERS
from ..services import TWO_PARTS, House
from .contexts import SEAL, who

MANY = 100


def copied_into(cache: str, name: str) -> krb5.CCache:
    """The tickets of a cache, in another one; it keeps a cache in memory alive."""
    context = krb5.init_context()
    source, copy = krb5.cc_resolve(context, cache.encode()), krb5.cc_resolve(context, name.encode())
    krb5.cc_initialize(context, copy, krb5.cc_get_principal(context, source))
    for ticket in source:
        krb5.cc_store_cred(context, copy, ticket)
    return copy


@pytest.mark.parametrize(
    "form", ["/{path}", "FILE:/{path}", "DIR:/{path}", "MEMORY:bobs-own", "KEYRING:process:bobs-own"]
)
def test_named_caches(house: House, form: str, tmp_path: Path) -> None:
    name = form.format(path=str(tmp_path / "cache").lstrip("/"))
    if name.startswith("DIR:"):
        (tmp_path / "cache").mkdir(mode=0o700)
    kept = copied_into(house.realm.ticket("bob"), name)
    client, server = Negotiate(CredentialCache(name)), Negotiate(Keytab(house.service.keytab))
    assert [who(client, server), who(client, server)] == ["bob@EXAMPLE.TEST"] * 2
    del kept


def test_a_cache_of_a_daemon_that_does_not_run_is_named() -> None:
    name = "KCM:1000"
    if Path("/run/.heim_org.h5l.kcm-socket").exists():
        name = "KCM:asyncauth-nobody"
    client = Negotiate(CredentialCache(name)).initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL)
    with pytest.raises(MechanismError, match=name):
        client.step(None)


@pytest.fixture
def carols_environment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has a login of its own, whom nobody asked for."""
    if "carol" not in house.realm.users:
        house.realm.add_user("carol")
    monkeypatch.setenv("KRB5CCNAME", house.realm.ticket("carol"))


@pytest.mark.usefixtures("carols_environment")
@pytest.mark.parametrize("layer", ["anyio_trio", "asyncio", "anyio_uvloop"])
def test_identities_in_one_process_are_never_mixed_up(house: House, layer: str) -> None:
    """A hundred connections at once, of five identities, each of which says on its own who it ought to be."""
    realm = house.realm
    alice, bob = realm.users["alice"], realm.users["bob"]
    sources: list[tuple[str, Credential | None]] = [
        (alice.principal, Password(alice.principal, alice.password)),
        (bob.principal, CredentialCache(realm.ticket("bob"))),
        (house.service.principal, Keytab(house.service.keytab, house.service.principal)),
        (house.other.principal, Keytab(house.other.keytab, house.other.principal)),
        (f"carol@{realm.name}", None),
    ]
    clients: list[tuple[str, Mechanism]] = [
        (name, kind(source)) for name, source in sources for kind in (Negotiate, Kerberos)
    ]
    seen: dict[str, str] = {}

    async def talk(number: int, port: int) -> None:
        name, mechanism = clients[number % len(clients)]
        stream = await LAYERS[layer][0].connect(house.target(port, TWO_PARTS), mechanism)
        await stream.send(f"{number} {name}".encode())
        await stream.receive(1)
        await stream.abort()

    async def main() -> None:
        key = Keytab(house.service.keytab)
        async with (
            LAYERS[layer][0].serving(Negotiate(key)) as negotiating,
            LAYERS[layer][0].serving(Kerberos(key)) as plain,
            anyio.create_task_group() as group,
        ):
            for number in range(MANY):
                port = (negotiating if number % 2 == 0 else plain).port
                group.start_soon(talk, number, port)
            for server in (negotiating, plain):
                for _ in range(MANY // 2):
                    stream = await server.next()
                    claim = (await stream.receive()).decode()
                    seen[claim] = str(stream.info.peer)
                    await stream.send(b".")

    _run(layer, main)
    assert len(seen) == MANY
    assert {claim: claim.partition(" ")[2] for claim in seen} == seen


# --- never in the place of another -------------------------------------------------------------------------


@pytest.fixture
def client_keytab(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default client keytab has somebody's key: what MIT falls back to."""
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", f"FILE:{house.other.keytab}")


def expired(realm: Realm, cache: Path) -> str:
    """A cache whose ticket has come to its end."""
    name = realm.ticket("bob", lifetime=1, cache=cache)
    time.sleep(2.1)
    return name


@pytest.mark.usefixtures("carols_environment", "client_keytab")
@pytest.mark.parametrize("kind", [Negotiate, Kerberos])
@pytest.mark.parametrize("fault", ["missing", "empty", "expired", "password", "keytab", "no such principal"])
def test_a_named_credential_that_does_not_serve_is_not_replaced(
    house: House, kind: type[Negotiate | Kerberos], fault: str, tmp_path: Path
) -> None:
    """There is a good login in KRB5CCNAME, and a key in the default client keytab."""
    context = krb5.init_context()
    cache = tmp_path / "cache"
    if fault == "empty":
        empty = krb5.cc_resolve(context, f"FILE:{cache}".encode())
        bob = krb5.parse_name_flags(context, b"bob@EXAMPLE.TEST")
        krb5.cc_initialize(context, empty, bob)
    sources: dict[str, Callable[[], Credential]] = {
        "missing": lambda: CredentialCache(f"FILE:{cache}"),
        "empty": lambda: CredentialCache(f"FILE:{cache}"),
        "expired": lambda: CredentialCache(expired(house.realm, cache)),
        "password": lambda: Password("bob@EXAMPLE.TEST", "not his"),
        "keytab": lambda: Keytab(tmp_path / "none.keytab"),
        "no such principal": lambda: Keytab(house.service.keytab, "nobody@EXAMPLE.TEST"),
    }
    source = sources[fault]()
    client = kind(source).initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL)
    with pytest.raises(CredentialError) as caught:
        client.step(None)
    assert str(source) in str(caught.value)
    for ticket in krb5.cc_resolve(context, f"FILE:{cache}".encode()) if cache.exists() else ():
        assert ticket.client.name == b"bob@EXAMPLE.TEST"


@pytest.mark.usefixtures("client_keytab")
def test_the_default_credential_may_be_the_client_keytab(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So the key in it does serve, and the tests above can fail."""
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'nothing yet'}")
    peer = who(Negotiate(DefaultCredential()), Negotiate(Keytab(house.service.keytab)))
    assert peer == house.other.principal


@pytest.mark.usefixtures("client_keytab")
def test_a_ticket_of_ours_that_has_ended_is_not_replaced_by_the_client_keytab(
    mit_realm: MitRealm, house: House
) -> None:
    """The copy in memory, too, is a cache that MIT would fill."""
    assert mit_realm.name != house.realm.name
    copy = _Copy(MemoryCache.empty(0.0), KRB5)
    with pytest.raises(Exception, match=r"MEMORY|credential") as caught:
        copy.creds(Protection.SEAL)
    assert house.other.principal not in str(caught.value)


# --- acquired off the loop, under the deadline -------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("source", ["password", "keytab", "cache"])
def test_a_silent_kdc_neither_stops_the_loop_nor_outlasts_the_deadline(
    mit_realm: MitRealm, either_house: House, layer: str, source: str
) -> None:
    house = either_house
    bob = house.realm.users["bob"]
    sources: dict[str, Credential] = {
        "password": Password(bob.principal, bob.password),
        "keytab": Keytab(house.other.keytab, house.other.principal),
        "cache": CredentialCache(house.realm.ticket("bob")),
    }
    pulse: list[float] = []

    async def beat() -> None:
        while True:
            pulse.append(time.monotonic())
            await anyio.sleep(0.01)

    async def main() -> None:
        layer_ = LAYERS[layer][0]
        async with layer_.serving(Negotiate(Keytab(house.service.keytab))) as server:
            house.realm.pause()
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(beat)
                    begun = time.monotonic()
                    with pytest.raises(HandshakeTimeout):
                        await layer_.connect(
                            house.target(server.port, TWO_PARTS),
                            Negotiate(sources[source]),
                            handshake_timeout=0.5,
                        )
                    assert 0.4 < time.monotonic() - begun < 1.0
                    group.cancel_scope.cancel()
            finally:
                house.realm.resume()

    _run(layer, main)
    gaps = [later - earlier for earlier, later in pairwise(pulse)]
    assert len(pulse) > 20
    assert max(gaps) < 0.25


def _run(layer: str, main: object) -> None:
    loop = LAYERS[layer][1]
    backend = "trio" if loop == "trio" else "asyncio"
    options = {"use_uvloop": loop == "uvloop"} if backend == "asyncio" else {}
    anyio.run(main, backend=backend, backend_options=options)  # type: ignore[arg-type]


def test_errors_are_ours_only(house: House) -> None:
    """Whatever is wrong with a source, the error is one of the tree."""
    for source in (
        CredentialCache("NONSENSE:x"),
        Keytab("NONSENSE:x"),
        Keytab(os.devnull),
        Password("a@b@c", "x"),
    ):
        with pytest.raises(AsyncAuthError):
            Negotiate(source).initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL).step(None)
