"""OpenLDAP's own clients, ldapwhoami and ldapsearch, and a small LDAP server of ours."""

from __future__ import annotations

import pytest

from asyncauth import (
    AuthorizationError,
    ConnectionInfo,
    FrameTooLarge,
    MechanismError,
    Peer,
    Policy,
    Protection,
    ProtectionError,
)

from ...services import house_of
from .server import LdapServer
from .slapd import Programs

pytestmark = pytest.mark.anyio

NONE, SIGN, SEAL = Protection
MECHANISMS = ["GSSAPI", "GSS-SPNEGO"]


def alice(openldap: Programs) -> str:
    return f"alice@{openldap.realm.name}"


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_who_am_i(either_openldap: Programs, mechanism: str, layer: str) -> None:
    async with LdapServer(either_openldap.service.keytab).serving(layer) as server:
        ran = await either_openldap.run("ldapwhoami", mechanism, server.port)
        assert (ran.code, ran.out) == (0, f"u:{alice(either_openldap)}\n"), ran
        (info,) = server.infos
        assert (info.protection, info.mutual, str(info.peer)) == (SEAL, True, alice(either_openldap))
        assert server.errors == []


# what cyrus-sasl makes of maxssf; in GSS-SPNEGO it looks at nothing but whether there is to be a layer at all
REACHED = {
    ("GSSAPI", 0): NONE,
    ("GSSAPI", 1): SIGN,
    ("GSSAPI", 56): SIGN,
    ("GSSAPI", 256): SEAL,
    ("GSS-SPNEGO", 0): NONE,
    ("GSS-SPNEGO", 1): SEAL,
    ("GSS-SPNEGO", 56): SEAL,
    ("GSS-SPNEGO", 256): SEAL,
}


@pytest.mark.parametrize(("mechanism", "maxssf"), REACHED)
async def test_the_layer_that_they_want(openldap: Programs, mechanism: str, maxssf: int) -> None:
    async with LdapServer(openldap.service.keytab, require=NONE).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", mechanism, server.port, properties={"maxssf": maxssf})
        assert (ran.code, ran.out) == (0, f"u:{alice(openldap)}\n"), ran
        assert [info.protection for info in server.infos] == [REACHED[mechanism, maxssf]]
        assert ("security layer installed" in ran.err) is (server.infos[0].protection is not NONE)


@pytest.mark.parametrize(
    ("mechanism", "maxssf", "require"),
    [("GSSAPI", 0, SEAL), ("GSS-SPNEGO", 0, SIGN), ("GSS-SPNEGO", 0, SEAL)],
)
async def test_too_little_protection(
    openldap: Programs, mechanism: str, maxssf: int, require: Protection
) -> None:
    async with LdapServer(openldap.service.keytab, require=require).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", mechanism, server.port, properties={"maxssf": maxssf})
        assert ran.code == 49, ran
        assert "ProtectionError" in ran.err
        (error,) = server.errors
        assert isinstance(error, ProtectionError)
        assert f"{alice(openldap)} reached protection" in str(error)
        assert server.infos == []


@pytest.mark.parametrize(("maxssf", "require"), [(0, SIGN), (1, SEAL)])
async def test_no_layer_that_both_want(openldap: Programs, maxssf: int, require: Protection) -> None:
    """Theirs gives up by itself when it sees our offer."""
    async with LdapServer(openldap.service.keytab, require=require).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", "GSSAPI", server.port, properties={"maxssf": maxssf})
        assert ran.code == 250, ran
        assert "mechanism too weak for this user" in ran.err
        await server.ended.wait()
        assert (server.infos, server.errors) == ([], [])


async def test_they_require_more_than_we_offer(openldap: Programs) -> None:
    async with LdapServer(openldap.service.keytab, require=SIGN).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", "GSSAPI", server.port, properties={"minssf": 256})
        assert (ran.code, server.infos[0].protection) == (0, SEAL), ran


@pytest.mark.parametrize("size", [100, 1024, 65_536])
async def test_we_keep_to_the_size_that_they_take(openldap: Programs, size: int, layer: str) -> None:
    entries = {f"cn=n{number},dc=x": bytes(1000) for number in range(200)}
    async with LdapServer(openldap.service.keytab, entries).serving(layer) as server:
        properties = {"maxbufsize": size}
        ran = await openldap.run(
            "ldapsearch", "GSSAPI", server.port, "-LLL", "-b", "dc=x", properties=properties
        )
        assert (ran.code, ran.out.count("dn: cn=n")) == (0, 200), ran.err
        assert server.errors == []


@pytest.mark.parametrize("size", [100, 1024, 65_536])
async def test_they_keep_to_the_size_that_we_take(openldap: Programs, size: int) -> None:
    async with LdapServer(openldap.service.keytab, max_size=size).serving("anyio") as server:
        ran = await openldap.run("ldapsearch", "GSSAPI", server.port, "-b", "dc=x", f"(cn={'x' * 100_000})")
        assert (ran.code, server.errors) == (0, []), ran.err
        assert server.largest > 100_000


async def test_sizes_in_gss_spnego(openldap: Programs) -> None:
    """They take the 65,536 bytes that we send, and send what they have."""
    entries = {f"cn=n{number},dc=x": bytes(1000) for number in range(200)}
    async with LdapServer(openldap.service.keytab, entries).serving("anyio") as server:
        wanted = f"(cn={'x' * 100_000})"
        ran = await openldap.run("ldapsearch", "GSS-SPNEGO", server.port, "-LLL", "-b", "dc=x", wanted)
        assert (ran.code, ran.out.count("dn: cn=n")) == (0, 200), ran.err
    async with LdapServer(openldap.service.keytab, max_size=65_536).serving("anyio") as server:
        ran = await openldap.run("ldapsearch", "GSS-SPNEGO", server.port, "-b", "dc=x", wanted)
        assert ran.code == 255
        await server.ended.wait()
        assert isinstance(server.errors[0], FrameTooLarge)


@pytest.mark.parametrize("authzid", ["u:bob", "bob", "dn:cn=bob,dc=example,dc=test", "alice", "b\u00f6b"])
async def test_another_identity_is_refused(openldap: Programs, authzid: str) -> None:
    async with LdapServer(openldap.service.keytab).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", "GSSAPI", server.port, "-X", authzid)
        assert ran.code == 49, ran
        (error,) = server.errors
        assert isinstance(error, AuthorizationError)
        assert f"{alice(openldap)} wants to act as" in str(error)
        assert server.infos == []


async def test_another_identity_is_allowed(openldap: Programs) -> None:
    asked: list[tuple[Peer, str]] = []

    def allows(peer: Peer, authzid: str) -> bool:
        asked.append((peer, authzid))
        return authzid == "u:bob"

    async with LdapServer(openldap.service.keytab, allows=allows).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", "GSSAPI", server.port, "-X", "u:bob")
        assert (ran.code, ran.out) == (0, "u:u:bob\n"), ran
        assert asked == [(Peer(alice(openldap)), "u:bob")]
        (info,) = server.infos
        assert (info.authzid, str(info.peer)) == ("u:bob", alice(openldap))
        ran = await openldap.run("ldapwhoami", "GSSAPI", server.port, "-X", "u:carol")
        assert ran.code == 49


async def test_ones_own_name_may_be_said(openldap: Programs) -> None:
    async with LdapServer(openldap.service.keytab).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", "GSSAPI", server.port, "-X", alice(openldap))
        assert (ran.code, server.infos[0].authzid) == (0, alice(openldap)), ran


async def test_another_identity_is_not_even_sent_in_gss_spnego(openldap: Programs) -> None:
    async with LdapServer(openldap.service.keytab).serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", "GSS-SPNEGO", server.port, "-X", "u:bob")
        assert (ran.code, ran.out) == (0, f"u:{alice(openldap)}\n"), ran
        assert "SASL username: u:bob" in ran.err  # says who acts as alice


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_the_application_does_not_want_her(openldap: Programs, mechanism: str) -> None:
    async def authorize(info: ConnectionInfo) -> bool:
        return info.authzid == "u:bob"

    policy = Policy(authorize=authorize)
    serving = LdapServer(openldap.service.keytab, require=policy, allows=lambda *_: True)
    async with serving.serving("anyio") as server:
        ran = await openldap.run("ldapwhoami", mechanism, server.port)
        assert ran.code == 49, ran
        (error,) = server.errors
        assert isinstance(error, AuthorizationError)
        ran = await openldap.run("ldapwhoami", mechanism, server.port, "-X", "u:bob")
        assert ran.code == (0 if mechanism == "GSSAPI" else 49), ran


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_key_that_does_not_open_their_ticket(either_openldap: Programs, mechanism: str) -> None:
    other = house_of(either_openldap.realm).other
    async with LdapServer(other.keytab).serving("anyio") as server:
        ran = await either_openldap.run("ldapwhoami", mechanism, server.port)
        assert ran.code == 49, ran
        (error,) = server.errors
        assert isinstance(error, MechanismError)
