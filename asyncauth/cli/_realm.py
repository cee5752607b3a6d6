"""``asyncauth realm``: a private realm to play in, kept until somebody says stop."""

from __future__ import annotations

import argparse
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..testing import start_realm
from ._loop import sigterm_interrupts
from ._output import Output

if TYPE_CHECKING:
    from ..testing import Realm, Service

__all__ = ["run"]

_DEFAULT_SERVICE = ("sockauth", "ADSockAuth/localhost")
"""What is there if nobody asks for another; the examples use it."""
_LOOK = 1.0
"""Seconds between looks whether the realm is still there."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Start it, say how to use it, keep it until SIGINT or SIGTERM; then it is gone without trace, and 0.

    :raises RealmError: it did not come up, or its servers have ended by themselves
    """
    with sigterm_interrupts():
        try:
            with _started(arguments, output) as realm:
                _show(realm, output)
                _keep(realm)
        except KeyboardInterrupt:
            output.line("stopped; nothing is left of the realm")
    return 0


def _keep(realm: Realm) -> NoReturn:
    while True:
        time.sleep(_LOOK)
        realm.check()


def _started(arguments: argparse.Namespace, output: Output) -> Realm:
    directory = None if arguments.dir is None else Path(arguments.dir)
    with output.progress() as tell:
        realm: Realm = start_realm(arguments.kind, arguments.name, directory, progress=tell)
        try:
            for name, spns in _services(arguments).items():
                tell(f"making the account {name}")
                realm.add_service(name, *spns)
        except BaseException:
            realm.stop()
            raise
    return realm


def _services(arguments: argparse.Namespace) -> dict[str, list[str]]:
    services: dict[str, list[str]] = {}
    for name, spn in arguments.service or [_DEFAULT_SERVICE]:
        services.setdefault(name, []).append(spn)
    return services


def _environment(realm: Realm) -> dict[str, str]:
    """What makes a shell alice's, with the first service's keytab as the default one."""
    environment = dict(realm.env)
    for service in list(realm.services.values())[:1]:
        environment["KRB5_KTNAME"] = f"FILE:{service.keytab}"
        environment["SERVICE_ACCOUNT"] = service.name
    if "administrator" in realm.users:
        environment["ADMIN_CCNAME"] = realm.ticket("administrator")
    return environment


def _show(realm: Realm, output: Output) -> None:
    environment = _environment(realm)
    output.event(
        "ready",
        env=environment,
        realm=realm.name,
        kind=realm.kind,
        address=realm.address,
        directory=realm.directory,
        users={
            name: {"principal": user.principal, "password": user.password}
            for name, user in realm.users.items()
        },
        services={name: _fields(service) for name, service in realm.services.items()},
    )
    if not output.json:
        _tell(realm, environment, output)


def _fields(service: Service) -> dict[str, object]:
    return {
        "principal": service.principal,
        "password": service.password,
        "keytab": service.keytab,
        "spns": service.spns,
        "dn": service.dn,
    }


def _tell(realm: Realm, environment: dict[str, str], output: Output) -> None:
    kind = "Active Directory (Samba)" if realm.kind == "ad" else "MIT Kerberos, without a directory"
    output.line(f"The realm {realm.name} is up on {realm.address}: {kind}", "bold")
    output.line("Users and their passwords:")
    output.rows({user.principal: user.password for user in realm.users.values()})
    for service in realm.services.values():
        output.line(f"The service account {service.principal}:")
        output.rows({"keytab": service.keytab, "SPNs": service.spns})
    output.line("In another shell, to be in it as alice:")
    for name, value in environment.items():
        output.line(f"  export {name}={shlex.quote(value)}")
    output.line("Then try:")
    for command in _suggestions(realm):
        output.line(f"  {command}")
    output.line("Ctrl-C ends it.")


def _suggestions(realm: Realm) -> list[str]:
    """Commands that work as they stand, in the order to try them."""
    service = next((service for service in realm.services.values() if service.spns), None)
    if service is None:
        return ["klist", *(["asyncauth spn list 'dc1$'"] if realm.kind == "ad" else [])]
    spn = shlex.quote(service.spns[0])
    return [
        "asyncauth serve --listen localhost:9000 --echo &",
        f"echo hello | asyncauth connect localhost:9000 --spn {spn}",
        *([f"asyncauth spn check {spn}"] if realm.kind == "ad" else []),
    ]
