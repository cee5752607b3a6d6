"""A throw-away MIT realm: a KDC on a high port, without root.

It makes an account behave as Active Directory's do: all service principal names of an account have one
key. A Kerberos key comes from the password and a salt, and the salt is normally the principal's name; with
MIT's salt type ``onlyrealm`` it is the realm alone, so principals given the same password have the same key.
There is no directory and no DNS, names are case-sensitive, and tickets have no PAC worth reading.
"""

from __future__ import annotations

import subprocess
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from .._errors import AsyncAuthError, DuplicateName, MechanismUnavailable
from ._accounts import Service, User, good_password
from ._errors import RealmError
from ._household import clean_environment, find_program
from ._krb5_conf import write_krb5_conf
from ._loopback import Reservation, reserve
from ._probes import listens, wait_for
from ._realm import Kind, Progress, Realm

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MitRealm"]

KDC = 10_088
"""The KDC's port: 88 would need root."""
AES_256, AES_128 = "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"
UP = 15.0
"""Seconds the KDC may take to answer."""
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local")
KDC_CONF = """\
[kdcdefaults]
    kdc_listen = {address}:{port}
    kdc_tcp_listen = {address}:{port}

[realms]
    {realm} = {{
        database_name = {directory}/principal
        key_stash_file = {directory}/stash
        acl_file = {directory}/kadm5.acl
        supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
        default_principal_flags = +preauth
        max_life = 10h
        max_renewable_life = 7d
    }}

[logging]
    kdc = FILE:{directory}/kdc.log
    default = FILE:{directory}/krb5.log
"""


class MitRealm(Realm):
    """An MIT realm with one KDC; see :class:`Realm`."""

    kind: ClassVar[Kind] = "mit"

    @staticmethod
    def missing() -> MechanismUnavailable | None:
        """What this machine lacks to run an MIT realm."""
        absent = [program for program in PROGRAMS if find_program(program) is None]
        if not absent:
            return None
        return MechanismUnavailable(
            f"no MIT KDC: {', '.join(absent)} not on this machine",
            fix="install the Debian packages krb5-kdc krb5-admin-server",
        )

    @staticmethod
    def reserve() -> Reservation:
        """An address for a realm."""
        return reserve((KDC,))

    def start(self, progress: Progress) -> None:
        """Make the realm's database, start its KDC, wait until it answers."""
        progress(f"making the realm {self.name}")
        write_krb5_conf(self.config, realm=self.name, address=self.address, port=KDC, kpasswd=None)
        (self.directory / "kdc.conf").write_text(
            KDC_CONF.format(address=self.address, port=KDC, realm=self.name, directory=self.directory)
        )
        master = good_password("master")
        self._run("kdb5_util", "create", "-s", "-r", self.name, answers=(master, master))
        self.add_user("alice")
        self.add_user("bob")
        progress(f"starting its KDC on {self.address}:{KDC}")
        self._server = self._household.start(
            [find_program("krb5kdc") or "krb5kdc", "-n", "-r", self.name],
            env=self._environment(),
            log=self.directory / "kdc.log",
        )
        wait_for(self._server, {"KDC": partial(listens, self.address, KDC)}, UP)
        self.ticket("alice", cache=self._default_cache)

    def _create_user(self, user: User) -> None:
        self._add_principal(user.name, user.password)

    def _create_service(self, service: Service) -> None:
        made: list[str] = []
        try:
            for principal in (service.name, *self._principals(service.spns)):
                self._add_principal(principal, service.password, shared=True)
                made.append(principal)
        except AsyncAuthError:
            for principal in made:
                self._kadmin("delete_principal", "-force", principal)
            raise

    def _set_password(self, account: User | Service, password: str) -> None:
        spns = account.spns if isinstance(account, Service) else ()
        salt = _salt(isinstance(account, Service))
        for principal in (account.name, *self._principals(spns)):
            self._kadmin("change_password", *salt, principal, answers=(password, password))

    def _change_spn(self, account: User | Service, spn: str, *, remove: bool) -> None:
        if not isinstance(account, Service):
            raise RealmError(f"{account.name} is a user, whose key has its own salt", fix="use add_service")
        if remove and spn not in account.spns:
            raise RealmError(f"{account.name} has no SPN {spn}", fix=f"it has {', '.join(account.spns)}")
        (principal,) = self._principals((spn,))
        if remove:
            self._kadmin("delete_principal", "-force", principal)
        else:
            self._add_principal(principal, account.password, shared=True)

    def _write_keytab(self, account: User | Service, path: Path, spns: tuple[str, ...]) -> None:
        principals = (account.name, *self._principals(spns))
        self._kadmin("ktadd", "-norandkey", "-k", str(path), *principals)

    def _add_principal(self, principal: str, password: str, *, shared: bool = False) -> None:
        self._kadmin("add_principal", *_salt(shared), principal, answers=(password, password))

    def _kadmin(self, *command: str, answers: tuple[str, ...] = ()) -> None:
        self._run("kadmin.local", "-r", self.name, *command, answers=answers)

    def _run(self, program: str, *arguments: str, answers: tuple[str, ...] = ()) -> None:
        """Run a tool on the database; passwords go to its prompts, not to the command line."""
        done = subprocess.run(  # noqa: S603 - the realm's own tools
            [find_program(program) or program, *arguments],
            input="".join(f"{answer}\n" for answer in answers),
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise self._refused(f"{program} {arguments[-1]}", done.stderr)

    def _refused(self, what: str, printed: str) -> AsyncAuthError:
        text = printed.strip().rpartition("\n")[2]
        if "already exists" in text and "/" in what:
            return DuplicateName(f"in the realm {self.name}: {text}", fix="remove it from the other account")
        fix = "choose another name" if "already exists" in text else f"see {self.directory / 'krb5.log'}"
        return RealmError(f"the realm {self.name} refused {what}: {text}", fix=fix)

    def _environment(self) -> dict[str, str]:
        profile = str(self.directory / "kdc.conf")
        return clean_environment(
            KRB5_CONFIG=str(self.config), KRB5_KDC_PROFILE=profile, TMPDIR=str(self.directory)
        )


def _salt(shared: bool) -> tuple[str, ...]:
    """kadmin's option for keys that all principals with the same password have in common."""
    return ("-e", f"{AES_256}:onlyrealm,{AES_128}:onlyrealm") if shared else ()
