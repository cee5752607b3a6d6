"""``serve --allow``: realms, SIDs and groups; patterns are in test_serve_connect.py."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from asyncauth.discovery import Change, Directory, Dns
from asyncauth.mechanisms import CredentialCache, Kerberos
from asyncauth.testing import SambaRealm, Service

from ._process import Cli

SPN = "Echo/localhost"


@pytest.mark.parametrize(
    ("rules", "may"),
    [
        (("realm:EXAMPLE.TEST",), True),
        (("realm:example.test", "principal:bob@*"), False),
        (("sid:S-1-18-1",), True),
        (("sid:S-1-5-21-1-2-3-513",), False),
        (("group:Domain Admins", "group:EXAMPLE\\Domain Users"), True),
        (("group:Domain Admins",), False),
    ],
)
def test_who_is_allowed_by_realm_sid_and_group(
    cli: Cli, keytab: Path, rules: tuple[str, ...], may: bool
) -> None:
    allow = [option for rule in rules for option in ("--allow", rule)]
    with cli.serving("--keytab", keytab, "--echo", *allow) as server:
        done = cli("connect", server.place, "--spn", SPN, data=b"hello")
        event = server.event(1)
        log = server.log
    assert (done.returncode, done.stdout) == ((0, b"hello") if may else (1, b""))
    assert (event["event"], event["peer"]) == ("authenticated" if may else "refused", "alice@EXAMPLE.TEST")
    assert may is ("decision=refused" not in log)


def test_a_ticket_without_groups_is_asked_of_the_directory(cli: Cli, ad_realm: SambaRealm, name: str) -> None:
    service = ad_realm.add_service(name, f"NoPac/{name}")
    anyio.run(_want_no_pac, ad_realm, service)
    serving = ("--keytab", service.keytab, "--echo", "--allow")
    with cli.serving(*serving, "group:Domain Users") as server:
        assert cli("connect", server.place, "--spn", f"NoPac/{name}", data=b"hello").stdout == b"hello"
    for more, word in ((), "no directory"), (("--domain", ad_realm.domain), "is not allowed"):
        with cli.serving(*serving, "sid:S-1-5-21-1-2-3-4", *more) as server:
            assert cli("connect", server.place, "--spn", f"NoPac/{name}").returncode == 1
            assert word in server.event(1)["reason"]


async def _want_no_pac(realm: SambaRealm, service: Service) -> None:
    administrator = Kerberos(CredentialCache(realm.ticket("administrator")))
    dns = Dns(realm.env["ASYNCAUTH_NAMESERVER"])
    assert service.dn is not None
    async with Directory(realm.domain, administrator, dns=dns) as directory:
        change = Change("replace", "userAccountControl", [str(0x200 | 0x2000000)])
        await directory.modify(service.dn, [change])


def test_a_group_that_does_not_exist_fails_at_the_start(cli: Cli, keytab: Path) -> None:
    reason, fix = cli.fails(
        "serve", "--listen", "127.0.0.1:0", "--keytab", keytab, "--echo", "--allow", "group:Nobody"
    )
    assert "has no group 'Nobody'" in reason
    assert "SID" in fix


@pytest.mark.parametrize("rule", ["", "sid:alice", "sid:S-1-5-32-544", "realm:"])
def test_a_rule_that_allows_nobody_is_wrong_usage(cli: Cli, rule: str) -> None:
    done = cli("serve", "--listen", "127.0.0.1:0", "--echo", "--allow", rule)
    assert done.returncode == 2
    assert b"--allow" in done.stderr
