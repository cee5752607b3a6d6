"""Record the conversations in ``tests/vectors/sasl``: ``python -m tests.peers.ldap.record [DIRECTORY]``.

Each is a short conversation of a directory server or client and us, in a realm that is gone afterwards: its tickets
mean nothing to anybody. The key of the messages (the acceptor's subkey, of an encryption type of RFC 3962) is written
down, so that a conversation can be read and replayed without a realm. ``context`` is what the security context could do
by itself; ``authzid`` as whom the client wanted to act; ``refused`` who said no, and to what.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, cast

import anyio
from gssapi import raw

from asyncauth import AsyncAuthError, Protection
from asyncauth.mechanisms import CredentialCache, Kerberos, Negotiate
from asyncauth.sasl import SaslClient, SaslServer
from asyncauth.testing import Realm, SambaRealm, start_realm

from ...vectors.capture import Capture
from ..dotnet.relay import Relay
from .client import Client, Refused
from .reading import comments
from .server import LdapServer
from .slapd import BASE, Programs

DIRECTORY = Path(__file__).parents[2] / "vectors" / "sasl"
NONE, SIGN, SEAL = Protection
KINDS = {"GSSAPI": Kerberos, "GSS-SPNEGO": Negotiate}

Exchange = SaslClient | SaslServer
Play = Callable[[Any, list[Relay]], Awaitable[Exchange]]


class Scene(NamedTuple):
    """What is recorded.

    :param play: gives our exchange, whether it has succeeded or not
    :param head: more lines for the file's head
    """

    name: str
    what: str
    mechanism: str
    play: Play
    head: tuple[tuple[str, str], ...]


def slapd(
    mechanism: str, require: Protection = SEAL, secprops: str = "none", long: int = 0, **options: Any
) -> Play:
    """Our client and slapd: who am I, and a search for something long."""

    async def play(openldap: Programs, relays: list[Relay]) -> Exchange:
        kind = KINDS[mechanism](CredentialCache(openldap.cache))
        exchange = SaslClient(kind, "ldap/localhost", require=require, **options)
        async with openldap.slapd(secprops) as port:
            relays.append(Relay(port))
            async with await Client.connect("anyio", "127.0.0.1", relays[0].port) as client:
                try:
                    await client.bind(exchange)
                except (Refused, AsyncAuthError):
                    return exchange
                await client.who_am_i()
                if long:
                    await client.search(BASE, "cn", "x" * long)
        return exchange

    return play


def samba(mechanism: str, require: Protection = SEAL) -> Play:
    """Our client and a domain controller: a search for the default naming context."""

    async def play(realm: SambaRealm, relays: list[Relay]) -> Exchange:
        kind = KINDS[mechanism](CredentialCache(realm.ticket("alice")))
        exchange = SaslClient(kind, f"ldap/{realm.controller}", require=require)
        relays.append(Relay(389, realm.address))
        async with await Client.connect("anyio", "127.0.0.1", relays[0].port) as client:
            try:
                await client.bind(exchange)
            except Refused:
                return exchange
            await client.search("", "objectClass", scope=0, returned="defaultNamingContext")
        return exchange

    return play


def whoami(
    mechanism: str, *options: str, require: Protection = SEAL, allows: Any = None, **properties: object
) -> Play:
    """ldapwhoami and our server."""

    async def play(openldap: Programs, relays: list[Relay]) -> Exchange:
        async with LdapServer(openldap.service.keytab, require=require, allows=allows).serving(
            "anyio"
        ) as server:
            relays.append(Relay(server.port))
            await openldap.run("ldapwhoami", mechanism, relays[0].port, *options, properties=properties)
            await server.ended.wait()
        return server.exchanges[0]

    return play


def yes(*_: object) -> bool:
    return True


BOB = f"dn:cn=bob,{BASE}"
GSSAPI, SPNEGO = KINDS

SCENES = {
    "mit": (
        Scene("slapd_gssapi_sealed", "who am I, sealed", GSSAPI, slapd(GSSAPI), ()),
        Scene("slapd_gssapi_signed", "the same, signed", GSSAPI, slapd(GSSAPI, SIGN), ()),
        Scene("slapd_gssapi_none", "the same without a layer", GSSAPI, slapd(GSSAPI, NONE), ()),
        Scene("slapd_gssapi_small_buffers", "slapd takes 1024 bytes at a time", GSSAPI,
              slapd(GSSAPI, secprops="maxbufsize=1024", long=2500), (("long", "2500"),)),
        Scene("slapd_gssapi_as_bob", "acting as somebody else", GSSAPI, slapd(GSSAPI, authzid=BOB),
              (("authzid", BOB),)),
        Scene("slapd_gssapi_refuses_identity", "acting as nobody", GSSAPI, slapd(GSSAPI, authzid="u:carol"),
              (("authzid", "u:carol"), ("refused", "by slapd, authzid"))),
        Scene("slapd_gssapi_offers_nothing", "slapd requires sealing, and the context cannot do it", GSSAPI,
              slapd(GSSAPI, SIGN, secprops="minssf=56"), (("refused", "by us, layer"),)),
        Scene("slapd_spnego_sealed", "who am I, sealed", SPNEGO, slapd(SPNEGO), ()),
        Scene("slapd_spnego_none", "the same without a layer", SPNEGO, slapd(SPNEGO, NONE), ()),
        Scene("whoami_gssapi_sealed", "who am I, sealed", GSSAPI, whoami(GSSAPI), ()),
        Scene("whoami_gssapi_signed", "maxssf=1", GSSAPI, whoami(GSSAPI, require=SIGN, maxssf=1), ()),
        Scene("whoami_gssapi_none", "maxssf=0", GSSAPI, whoami(GSSAPI, require=NONE, maxssf=0), ()),
        Scene("whoami_gssapi_as_bob", "-X u:bob, which we allow", GSSAPI,
              whoami(GSSAPI, "-X", "u:bob", allows=yes), (("authzid", "u:bob"),)),
        Scene("whoami_gssapi_refused_identity", "-X u:bob, which we do not", GSSAPI,
              whoami(GSSAPI, "-X", "u:bob"), (("authzid", "u:bob"), ("refused", "by us, authzid"))),
        Scene("whoami_gssapi_refused_protection", "maxssf=0, and we require sealing", GSSAPI,
              whoami(GSSAPI, maxssf=0), (("refused", "by us, protection"),)),
        Scene("whoami_spnego_sealed", "who am I, sealed", SPNEGO, whoami(SPNEGO), ()),
        Scene("whoami_spnego_none", "maxssf=0", SPNEGO, whoami(SPNEGO, require=NONE, maxssf=0), ()),
    ),
    "ad": (
        Scene("samba_gssapi_sealed", "a search, sealed", GSSAPI, samba(GSSAPI), ()),
        Scene("samba_gssapi_signed", "the same, signed", GSSAPI, samba(GSSAPI, SIGN), ()),
        Scene("samba_spnego_sealed", "the same, sealed", SPNEGO, samba(SPNEGO), ()),
        Scene("samba_spnego_signed", "the same, signed", SPNEGO, samba(SPNEGO, SIGN), ()),
        Scene("samba_gssapi_refuses_none", "no layer", GSSAPI, samba(GSSAPI, NONE),
              (("refused", "by Samba, protection"),)),
    ),
}  # fmt: skip


def key_of(exchange: Exchange) -> tuple[int, bytes]:
    """The key of the messages, out of a context that is of no use afterwards."""
    context: Any = exchange._connection._context
    exported = raw.krb5_export_lucid_sec_context(context._context, 1)
    assert isinstance(exported, raw.Krb5LucidContextV1)
    assert exported.cfx_kd is not None
    return exported.cfx_kd.acceptor_subkey_type or 0, exported.cfx_kd.acceptor_subkey or b""


def _package(name: str) -> str:
    line = ["dpkg-query", "--show", "--showformat=${Version}", name]
    known = subprocess.run(line, capture_output=True, text=True, check=False).stdout
    return re.split("[-+]", known.rpartition(":")[2])[0] or "(unknown)"


def _ends(scene: Scene) -> tuple[str, str]:
    """The client and the server."""
    ours = f"asyncauth {version('asyncauth')}"
    sasl = f"with cyrus-sasl {_package('libsasl2-modules-gssapi-mit')}"
    match scene.name.partition("_")[0]:
        case "slapd":
            return ours, f"slapd of OpenLDAP {_package('slapd')} {sasl}"
        case "samba":
            return ours, f"domain controller of Samba {_package('samba')}"
        case _:
            return f"ldapwhoami of OpenLDAP {_package('ldap-utils')} {sasl}", ours


async def record(scene: Scene, place: Any, realm: Realm) -> Capture:
    """Play a scene through a relay."""
    relays: list[Relay] = []
    try:
        exchange = await scene.play(place, relays)
        await anyio.sleep(0.1)
        chunks = tuple(relays[0].chunks)
    finally:
        for relay in relays:
            relay.__exit__()
    context = cast("Any", exchange._connection._context)
    client, server = _ends(scene)
    spn = f"ldap/{realm.controller}" if isinstance(realm, SambaRealm) else "ldap/localhost"
    reached = exchange.info.protection.name if exchange.info else "none reached"
    number, key = key_of(exchange)
    head = [
        ("what", scene.what),
        ("client", client),
        ("server", server),
        ("realm", f"{realm.name}, a throw-away realm"),
        ("spn", spn),
        ("framing", "ldap"),
        ("mechanism", scene.mechanism),
        ("protection", "none reached" if "refused" in dict(scene.head) else reached),
        ("context", context.info().protection.name),
        *scene.head,
        ("key", f"{number} {key.hex()}"),
    ]
    return Capture(tuple(head), chunks)


async def record_all(realm: Realm, target: Path) -> None:
    place = realm if realm.kind == "ad" else Programs(realm, realm.add_service("ldapsvc", "ldap/localhost"))
    for scene in SCENES[realm.kind]:
        capture = await record(scene, place, realm)
        (target / f"{scene.name}.txt").write_text(capture.render(comments(capture.chunks)))


def main(target: Path = DIRECTORY) -> None:
    target.mkdir(parents=True, exist_ok=True)
    _record_in(start_realm("mit", "MIT.TEST"), target)
    _record_in(start_realm("ad", "EXAMPLE.TEST"), target)


def _record_in(realm: Realm, target: Path) -> None:
    with realm, realm.use():
        anyio.run(record_all, realm, target)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
