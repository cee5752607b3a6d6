"""A throw-away Kerberos realm: what both kinds have in common."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from .._spn import ServicePrincipalName
from ._accounts import Service, User, good_password
from ._environment import pointed_at
from ._errors import RealmError
from ._tickets import initial_ticket

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ._household import Child, Household

__all__ = ["Kind", "Progress", "Realm"]

Kind = Literal["ad", "mit"]
Progress = Callable[[str], None]
"""Called with one short line before each step that takes a while."""


class Realm(ABC):
    """A running realm; a context manager that stops it.

    Made by :func:`start_realm`. All methods block: milliseconds, a tenth of a second for a ticket. They may
    be called from any thread. Each raises :class:`RealmError` if the realm has been stopped or has died.
    """

    kind: ClassVar[Kind]

    def __init__(self, name: str, household: Household, address: str) -> None:
        self.name = name
        """The realm's name, in capitals."""
        self.domain = name.lower()
        """The DNS domain that goes with it."""
        self.address = address
        """The loopback address on which all its servers listen, and nothing else."""
        self.directory = household.directory
        """Everything of the realm is in here; it is gone after :meth:`stop`."""
        self.config = household.directory / "krb5.conf"
        """The realm's krb5.conf."""
        self.users: dict[str, User] = {}
        """By account name: alice and bob, on AD also administrator, and whoever was added."""
        self.services: dict[str, Service] = {}
        """By account name: services and computers that were added."""
        self._household = household
        self._lock = threading.RLock()
        self._caches = 0
        self._stopped = False
        self._server: Child | None = None

    @property
    def env(self) -> dict[str, str]:
        """What a shell or child process must export to be in this realm, as alice."""
        return {"KRB5_CONFIG": str(self.config), "KRB5CCNAME": f"FILE:{self._default_cache}"}

    @property
    def _default_cache(self) -> Path:
        """Named in the realm's krb5.conf as well."""
        return self.directory / "alice.ccache"

    def use(self) -> AbstractContextManager[None]:
        """Point this process at the realm until the context ends: sets ``KRB5_CONFIG`` in ``os.environ``.

        The default cache then holds alice's ticket, and no cache, keytab or setting of the machine's own is
        read: other ``KRB5`` variables are taken away, and put back at the end. Several realms may be used
        at once if their names differ; the first is the default realm.
        """
        return pointed_at(self.name, self.config)

    def add_user(self, name: str, password: str | None = None) -> User:
        """Make an account for a person.

        :param password: on AD it must satisfy the domain's rules; None for a good random one
        :raises RealmError: the name is taken, or the password too weak
        """
        user = User(name, password or good_password(name), f"{name}@{self.name}")
        with self._at_work():
            self._create_user(user)
            self.users[name] = user
        return user

    def add_service(self, name: str, *spns: str, password: str | None = None) -> Service:
        """Make an account of its own for a service, with its SPNs and a keytab for all of them.

        All SPNs of an account share its key, on both kinds of realm.

        :param spns: exact SPNs, two-part or three-part
        :raises DuplicateName: an SPN belongs to another account
        :raises InvalidName: an SPN is none
        :raises RealmError: the name is taken, or the password too weak
        """
        self._principals(spns)
        secret = password or good_password(name)
        principal = f"{name}@{self.name}"
        with self._at_work():
            service = Service(name, secret, principal, self._keytab_path(name), spns, self._dn(name))
            self._create_service(service)
            self.services[name] = service
            self.keytab(service, service.keytab)
        return service

    def add_computer(self, name: str, *spns: str, host: str | None = None) -> Service:  # noqa: ARG002
        """Make a computer's account in CN=Computers, with a keytab; AD only.

        :param host: its dNSHostName; ``name.domain`` if None
        :param spns: SPNs in addition to ``host/<dNSHostName>``
        :raises RealmError: this realm has no directory, or the name is taken
        """
        raise self._no_directory(f"the computer account {name}")

    def change_password(self, account: str | User | Service, password: str | None = None) -> str:
        """Give an account a new password, and so new keys; return the password.

        Keytabs and caches that were written before stay as they are: the keytab is then wrong, as in life.
        :meth:`keytab` writes a new one, ``users`` and ``services`` know the new password.
        """
        name = _name(account)
        secret = password or good_password(name)
        with self._at_work():
            held = self._held(name)
            self._set_password(held, secret)
            if isinstance(held, User):
                self.users[name] = replace(held, password=secret)
            else:
                self.services[name] = replace(held, password=secret)
        return secret

    def add_spn(self, account: str | User | Service, spn: str) -> None:
        """Register one more SPN on an account; keytab files stay as they are.

        :raises DuplicateName: the SPN belongs to another account
        """
        with self._at_work():
            held = self._held(_name(account))
            self._change_spn(held, spn, remove=False)
            if isinstance(held, Service):
                self.services[held.name] = replace(held, spns=(*held.spns, spn))

    def remove_spn(self, account: str | User | Service, spn: str) -> None:
        """Take an SPN off an account: from now on the KDC does not know it."""
        with self._at_work():
            held = self._held(_name(account))
            self._change_spn(held, spn, remove=True)
            if isinstance(held, Service):
                left = tuple(other for other in held.spns if other.casefold() != spn.casefold())
                self.services[held.name] = replace(held, spns=left)

    def keytab(self, account: str | User | Service, path: Path | None = None, *spns: str) -> Path:
        """Write an account's present keys to a keytab file, replacing it; return its path.

        :param path: None for the place that :attr:`Service.keytab` names
        :param spns: the SPNs to have entries; none for all that this realm object has given it
        """
        with self._at_work():
            held = self._held(_name(account))
            target = path or self._keytab_path(held.name)
            known = held.spns if isinstance(held, Service) else ()
            fresh = target.with_name(target.name + ".new")
            fresh.unlink(missing_ok=True)
            self._write_keytab(held, fresh, spns or known)
            fresh.replace(target)
        return target

    def ticket(
        self,
        account: str | User | Service,
        *,
        password: str | None = None,
        lifetime: float | None = None,
        cache: Path | None = None,
    ) -> str:
        """Get a ticket-granting ticket; return the cache's name, ``FILE:/...``.

        A ticket is good until the end of its last second. On AD one of two minutes or less is granted, but
        is taken for one to change passwords with: Samba answers "ticket expired" to whoever asks for a
        service with it, at once.

        :param password: another than the account's present one, to see it refused
        :param lifetime: seconds, at least 1; None for what the KDC gives, ten hours
        :param cache: the file to write; None for a new one in the realm's directory
        :raises CredentialError: the KDC refused or did not answer
        """
        with self._at_work():
            held = self._held(_name(account))
            self._caches += 1
            path = cache or self.directory / "caches" / f"{held.name}-{self._caches}.ccache"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        initial_ticket(self.config, held.principal, password or held.password, path, lifetime)
        return f"FILE:{path}"

    def add_host(self, name: str, address: str) -> None:
        """Add an A or AAAA record to the realm's own DNS, beside those of the name; AD only."""
        raise self._no_directory(f"the DNS record {name} {address}")

    def add_srv(self, owner: str, target: str, port: int, priority: int = 0, weight: int = 100) -> None:  # noqa: ARG002
        """Add an SRV record (RFC 2782) to the realm's own DNS, beside those of the owner name; AD only."""
        raise self._no_directory(f"the DNS record {owner} {target}:{port}")

    @abstractmethod
    def start(self, progress: Progress) -> None:
        """Bring everything up, with alice's ticket in the default cache; called once, by start_realm."""

    def pause(self) -> None:
        """Make every server of the realm silent: connections are taken, nothing is answered."""
        self._running().pause()

    def resume(self) -> None:
        """Let the servers answer again, what has come in meanwhile first."""
        self._running().resume()

    def check(self) -> None:
        """Raise :class:`RealmError`, with the end of their log, if the servers have ended."""
        if ended := self._running().ended():
            raise RealmError(f"the realm {self.name} is gone: {ended}", fix="start a new one")

    def stop(self) -> None:
        """End all processes and remove the directory; calling twice is harmless."""
        with self._lock:
            self._stopped = True
            self._household.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} on {self.address}>"

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """One thing at a time, and nothing after the end."""
        with self._lock:
            if self._stopped:
                raise RealmError(f"the realm {self.name} has been stopped", fix="start a new one")
            yield

    def _running(self) -> Child:
        if self._server is None:
            raise RealmError(f"the realm {self.name} is not running", fix="start it anew")
        return self._server

    # --- what the two kinds do differently -----------------------------------------------------------------

    @abstractmethod
    def _create_user(self, user: User) -> None: ...

    @abstractmethod
    def _create_service(self, service: Service) -> None: ...

    @abstractmethod
    def _set_password(self, account: User | Service, password: str) -> None: ...

    @abstractmethod
    def _change_spn(self, account: User | Service, spn: str, *, remove: bool) -> None: ...

    @abstractmethod
    def _write_keytab(self, account: User | Service, path: Path, spns: tuple[str, ...]) -> None: ...

    def _dn(self, name: str) -> str | None:  # noqa: ARG002 - for the kind that has a directory
        """The distinguished name that a service account will have."""
        return None

    def _principals(self, spns: Iterable[str]) -> list[str]:
        """The SPNs as principals of this realm, for Kerberos to parse."""
        return [ServicePrincipalName.parse(spn).principal(self.name) for spn in spns]

    def _keytab_path(self, name: str) -> Path:
        folder = self.directory / "keytabs"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{name}.keytab"

    def _held(self, name: str) -> User | Service:
        account = self.users.get(name) or self.services.get(name)
        if account is None:
            raise RealmError(
                f"the realm {self.name} has made no account {name!r}", fix="add_user or add_service makes one"
            )
        return account

    def _no_directory(self, what: str) -> RealmError:
        return RealmError(f"{what} needs a directory, which the MIT realm {self.name} has not",
                          fix="start the realm with kind='ad'")  # fmt: skip


def _name(account: str | User | Service) -> str:
    return account if isinstance(account, str) else account.name
