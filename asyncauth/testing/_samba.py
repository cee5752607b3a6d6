"""A throw-away Active Directory: one Samba domain controller.

It is provisioned afresh each time, which takes two to three seconds; the controller itself is up in a tenth
of one. It runs as one process in the foreground (``-i -M single``): LDAP, global catalogue, KDC, kpasswd
and DNS on the realm's address, no file server and no winbind. Every path that Samba would take from its
build (run, log, lock, cache, state) is set to the realm's directory. TLS is off: making its key would take
longer than everything else, and LDAP is sealed by Kerberos here. The name server answers for the domain
and for nothing else: it has no forwarder, and the machine's own resolver is never asked.

What a real AD does and this one does not: Samba's KDC looks an SPN up with blanks, ``@`` and backslashes
quoted by a backslash, so it does not find one that has any of these in its DN (seen with Samba 4.17).

Accounts, SPNs, keytabs and DNS records go through ``_samba_admin.py``.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .._errors import AsyncAuthError, DuplicateName, MechanismUnavailable
from ._accounts import Service, User, good_password
from ._errors import RealmError
from ._household import Household, clean_environment, find_program
from ._krb5_conf import write_krb5_conf
from ._loopback import Reservation, free, reserve
from ._probes import dns_answers, ldap_answers, listens, wait_for
from ._realm import Kind, Progress, Realm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SambaRealm"]

PACKAGES = "samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind ldb-tools"
KDC, LDAP, KPASSWD, GC = 88, 389, 464, 3268
DNS, OTHER_DNS = 53, 10_053
NO_TLS = "--option=tls enabled=no"
"""On the command line, because provisioning does not write it into smb.conf."""
ADMIN_LOG = "admin.log"
FIXES = {
    "already exists": "choose another name",
    "check_password_restrictions": "give a stronger password, or none to have one made",
    "no matching attribute value": "remove an SPN that the account has",
    "not in the zone": "choose a name in the realm's own domain",
}
"""What to do about a refusal, by what Samba's text contains."""
UP = 30.0
"""Seconds the controller may take to answer."""
LONGEST_DIRECTORY = 75
"""Characters; Samba makes sockets up to 30 deeper, and a socket's path has at most 107."""


class SambaRealm(Realm):
    """An Active Directory domain with one controller, ``dc1``; see :class:`Realm`."""

    kind: ClassVar[Kind] = "ad"

    def __init__(self, name: str, household: Household, address: str) -> None:
        super().__init__(name, household, address)
        self._dns_port = DNS if free(address, DNS) else OTHER_DNS

    @staticmethod
    def missing() -> MechanismUnavailable | None:
        """What this machine lacks to run an AD realm, as far as can be seen without starting one."""
        if os.name != "posix" or os.geteuid() != 0:
            return MechanismUnavailable(
                "a Samba domain controller needs root, for ports below 1024", fix="run as root"
            )
        if find_program("samba") is None or find_program("samba-tool") is None:
            return _not_installed("samba or samba-tool is not on this machine")
        return None

    @staticmethod
    def reserve() -> Reservation:
        """An address for a realm."""
        return reserve((KDC, LDAP, KPASSWD, GC))

    def start(self, progress: Progress) -> None:
        """Make the domain, start its controller, wait until all of it answers."""
        if len(str(self.directory)) > LONGEST_DIRECTORY:
            raise RealmError(
                f"the realm's directory has too long a path for Samba's sockets: {self.directory}",
                fix=f"choose one of at most {LONGEST_DIRECTORY} characters",
            )
        password = good_password("administrator")
        progress(f"making the domain {self.name}")
        self._provision(password)
        self.users["administrator"] = User("administrator", password, f"Administrator@{self.name}")
        write_krb5_conf(self.config, realm=self.name, address=self.address, port=KDC, kpasswd=KPASSWD)
        self.add_user("alice")
        self.add_user("bob")
        progress(f"starting its domain controller on {self.address}")
        self._serve()
        self.ticket("alice", cache=self._default_cache)

    def _provision(self, password: str) -> None:
        configuration = self.directory / "etc" / "smb.conf"
        configuration.parent.mkdir(mode=0o700)
        configuration.touch()
        self._administrator = self._household.start(
            [_samba_python(), "-I", str(Path(__file__).with_name("_samba_admin.py")), str(configuration)],
            env=self._environment(),
            log=self.directory / ADMIN_LOG,
            talk=True,
        )
        self._administer(
            "provision",
            directory=str(self.directory),
            realm=self.name,
            address=self.address,
            password=password,
            options=self._options(),
        )

    def _options(self) -> dict[str, str]:
        run = self.directory / "run"
        nothing = "/bin/true"
        return {
            "interfaces": f"{self.address}/8",
            "bind interfaces only": "yes",
            "server services": "ldap, kdc, cldap, dns",
            "dns port": str(self._dns_port),
            "log file": str(self.directory / "log.%m"),
            "pid directory": str(run),
            "ncalrpc dir": str(run / "ncalrpc"),
            "winbindd socket directory": str(run / "winbindd"),
            "ntp signd socket directory": str(run / "ntp"),
            "usershare path": str(run / "usershares"),
            "dns update command": nothing,
            "nsupdate command": nothing,
            "spn update command": nothing,
        }

    def _environment(self) -> dict[str, str]:
        """Samba's own Kerberos library reads the configuration that provisioning writes, no other."""
        config = self.directory / "private" / "krb5.conf"
        return clean_environment(KRB5_CONFIG=str(config), TMPDIR=str(self.directory))

    def _serve(self) -> None:
        configuration = self.directory / "etc" / "smb.conf"
        self._server = self._household.start(
            [find_program("samba") or "samba", "-i", "-M", "single", "-s", str(configuration), NO_TLS],
            env=self._environment(),
            log=self.directory / "samba.log",
        )
        at = self.address
        probes: dict[str, Callable[[], bool]] = {
            "KDC": partial(listens, at, KDC),
            "LDAP": partial(ldap_answers, at, LDAP),
            "global catalogue": partial(ldap_answers, at, GC),
            "DNS": partial(dns_answers, at, self._dns_port, self.domain),
        }
        wait_for(self._server, probes, UP)

    @property
    def env(self) -> dict[str, str]:
        """See :attr:`Realm.env`; with the domain and its name server, ``address`` or ``address:port``."""
        return {**super().env, "ASYNCAUTH_DOMAIN": self.domain, "ASYNCAUTH_NAMESERVER": self.nameserver}

    @property
    def nameserver(self) -> str:
        """The realm's DNS server: its address, with ``:port`` if that is not 53."""
        return self.address if self._dns_port == DNS else f"{self.address}:{self._dns_port}"

    @property
    def controller(self) -> str:
        """The domain controller's host name, which the realm's DNS resolves."""
        return f"dc1.{self.domain}"

    @property
    def base_dn(self) -> str:
        """The domain's distinguished name."""
        return ",".join(f"DC={label}" for label in self.domain.split("."))

    def add_computer(self, name: str, *spns: str, host: str | None = None) -> Service:
        """See :meth:`Realm.add_computer`."""
        host = host or f"{name.lower()}.{self.domain}"
        every = (f"host/{host}", *spns)
        password = good_password(name)
        dn = f"CN={name},CN=Computers,{self.base_dn}"
        principal = f"{name}$@{self.name}"
        computer = Service(name, password, principal, self._keytab_path(name), every, dn)
        with self._lock:
            self._administer("add_computer", name=name, password=password, spns=every, host=host)
            self.services[name] = computer
            self.keytab(computer)
        return computer

    def add_host(self, name: str, address: str) -> None:
        """Add an A or AAAA record to the realm's DNS; the name must be in the realm's domain."""
        self._administer("add_host", name=name, address=address)

    def add_srv(self, owner: str, target: str, port: int, priority: int = 0, weight: int = 100) -> None:
        """Add an SRV record, ``_name._tcp.<domain>`` to ``target``:``port`` (RFC 2782)."""
        self._administer("add_srv", owner=owner, target=target, port=port, priority=priority, weight=weight)

    def _dn(self, name: str) -> str:
        return f"CN={name},CN=Users,{self.base_dn}"

    def _create_user(self, user: User) -> None:
        self._administer("add_user", name=user.name, password=user.password, spns=[])

    def _create_service(self, service: Service) -> None:
        self._administer("add_user", name=service.name, password=service.password, spns=service.spns)

    def _set_password(self, account: User | Service, password: str) -> None:
        self._administer("set_password", account=_account(account), password=password)

    def _change_spn(self, account: User | Service, spn: str, *, remove: bool) -> None:
        self._administer("change_spn", account=_account(account), spn=spn, remove=remove)

    def _write_keytab(self, account: User | Service, path: Path, spns: tuple[str, ...]) -> None:
        principals = [_account(account), *self._principals(spns)]
        self._administer("keytab", path=str(path), principals=principals)

    def _administer(self, order: str, **members: Any) -> Any:
        """Have the administrator do something.

        :raises DuplicateName: an SPN is another account's
        :raises RealmError: it was refused, or the realm is gone
        """
        with self._at_work():
            answer = self._household.ask({"do": order, **members})
        if answer is None:
            raise RealmError(
                f"the administrator of {self.name} has ended: {self._administrator.last_lines()}",
                fix="start a new realm",
            )
        if "error" in answer:
            raise self._refused(f"{order} {members.get('name') or members.get('account', '')}", **answer)
        return answer["ok"]

    def _refused(self, order: str, error: str, kind: str) -> AsyncAuthError:
        if kind in {"ImportError", "ModuleNotFoundError"}:
            return _not_installed(error)
        text = f"the realm {self.name} refused {order}: {error}"
        if "would cause a conflict" in error:
            return DuplicateName(text, fix="remove the SPN from the account that has it")
        for sign, fix in FIXES.items():
            if sign in error:
                return RealmError(text, fix=fix)
        return RealmError(text, fix=f"see {self.directory / ADMIN_LOG}")


def _account(account: User | Service) -> str:
    """The sAMAccountName: the principal without its realm, ``$`` of a computer included."""
    return account.principal.rpartition("@")[0]


def _samba_python() -> str:
    """The interpreter that samba-tool runs on, which is the one that has Samba's modules."""
    tool = find_program("samba-tool")
    if tool is None:
        raise _not_installed("samba-tool is not on this machine")
    with Path(tool).open("rb") as script:
        first = script.readline().decode(errors="replace")
    interpreter = first.removeprefix("#!").split()
    return interpreter[0] if first.startswith("#!") and interpreter else "/usr/bin/python3"


def _not_installed(what: str) -> MechanismUnavailable:
    return MechanismUnavailable(
        f"no Samba domain controller: {what}", fix=f"install the Debian packages {PACKAGES}"
    )
