"""One LDAP session with one server: blocking, sealed, one request after the other.

The name asked for has three parts, ``ldap/<host>/<domain>``, and ``GC/<host>/<forest>`` for the global catalogue.
Only a domain controller can hold such a name: the validated write that lets a computer register names for itself
refuses three parts unless it is a controller of that domain (MS-ADTS 3.1.1.5.3.1.1.4). A mere member may well
register ``ldap/<its own host>``. So a forged SRV answer that leads us to such a member leads us nowhere, where the
two-part name would have us believe whatever it says is in the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .._errors import AsyncAuthError, DirectoryError, ProtectionError
from .._spn import ServicePrincipalName
from ..abc import Mechanism
from . import _results
from ._deadline import Deadline
from ._entry import Change, Entry, Scope, Values, encoded
from ._ldap import (
    MECHANISMS,
    Connection,
    LDAPCommunicationError,
    LDAPExceptionError,
    paged_search_control,
    security_descriptor_control,
)

__all__ = ["Place", "Session", "SessionLost"]

_PAGE = 500
"""Entries in one answer; AD gives at most 1000."""
_PAGED = "1.2.840.113556.1.4.319"
_PERMISSIVE_MODIFY = "1.2.840.113556.1.4.1413"
_DOMAIN_SCOPE = "1.2.840.113556.1.4.1339"
"""Leave out continuation references."""
_DACL = 4
_SECURITY_DESCRIPTOR = "ntsecuritydescriptor"
_KINDS = {"add": "MODIFY_ADD", "delete": "MODIFY_DELETE", "replace": "MODIFY_REPLACE"}


class SessionLost(DirectoryError):
    """The connection is gone; on another one the same request may well succeed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a directory server is and who it must prove to be."""

    host: str
    address: str
    port: int
    spn: ServicePrincipalName

    def __str__(self) -> str:
        return f"{self.host} ({self.address}, port {self.port})"


class Session:
    """A bound session; one call at a time, from any thread.

    :param deadline: for connecting and authenticating
    :raises DirectoryError: the server cannot be reached, or refused
    :raises MechanismError: no credentials, or the KDC does not know the server's name
    :raises ProtectionError: the mechanism does not prove the server or does not seal
    """

    def __init__(self, place: Place, mechanism: Mechanism, deadline: Deadline) -> None:
        if mechanism.name not in MECHANISMS:
            raise ProtectionError(
                f"{mechanism.name} cannot prove who the directory server is", fix="use Kerberos or Negotiate"
            )
        self.place = place
        self.intact = False
        """False while a request is under way, and for good after one that did not come to its end."""
        deadline.doing = f"connecting to the directory server {place}"
        self._connection = Connection(place.address, place.port, str(place), place.spn, mechanism, deadline)
        try:
            with _translated(place, "connecting", "cannot be reached"):
                self._connection.bind(read_server_info=False)
        except BaseException:
            self.close()
            raise
        self.intact = True

    @property
    def stale(self) -> bool:
        """True if the server has hung up meanwhile."""
        wire = self._connection.wire
        return wire is None or wire.hung_up()

    def search(
        self, base: str, condition: str, attributes: Sequence[str], scope: Scope, deadline: Deadline
    ) -> list[Entry]:
        """All entries, page by page; none if the base does not exist."""
        entries: list[Entry] = []
        cookie: bytes | None = b""
        while cookie is not None:
            found = self._page(base, condition, attributes, scope, cookie or None, deadline)
            if found["result"] == _results.NO_SUCH_OBJECT:
                return []
            self._expect_success(found, f"search {_area(base)} for {condition}")
            entries += (_entry(row) for row in self._connection.response if row["type"] == "searchResEntry")
            cookie = _cookie(found) or None
        return entries

    def _page(
        self,
        base: str,
        condition: str,
        attributes: Sequence[str],
        scope: Scope,
        cookie: bytes | None,
        deadline: Deadline,
    ) -> dict[str, Any]:
        controls = [(_DOMAIN_SCOPE, False, None), *_descriptor_control(attributes)]
        if scope is not Scope.BASE:
            controls.append(paged_search_control(True, _PAGE, cookie))
        return self._request(
            f"searching {_area(base)} for {condition}",
            deadline,
            lambda: self._connection.find(base, condition, scope, attributes, controls),
        )

    def add(self, dn: str, attributes: Mapping[str, Values], deadline: Deadline) -> bool:
        """False if there is such an object."""
        values = {name: list(encoded(given)) for name, given in attributes.items()}
        result = self._request(f"adding {dn}", deadline, lambda: self._connection.add(dn, attributes=values))
        return self._unless(_results.ALREADY_EXISTS, result, f"add {dn}")

    def modify(self, dn: str, changes: Sequence[Change], deadline: Deadline) -> None:
        """Permissive: what is so already is no error."""
        table: dict[str, list[tuple[str, list[bytes]]]] = {}
        for change in changes:
            table.setdefault(change.attribute, []).append((_KINDS[change.kind], list(encoded(change.values))))
        controls = [(_PERMISSIVE_MODIFY, False, None), *_descriptor_control(table)]
        result = self._request(
            f"changing {dn}", deadline, lambda: self._connection.modify(dn, table, controls=controls)
        )
        self._expect_success(result, f"change {', '.join(table)} of {dn}")

    def delete(self, dn: str, deadline: Deadline) -> bool:
        """False if there is no such object."""
        result = self._request(f"removing {dn}", deadline, lambda: self._connection.delete(dn))
        return self._unless(_results.NO_SUCH_OBJECT, result, f"remove {dn}")

    def close(self) -> None:
        """Hang up; never raises."""
        self.intact = False
        self._connection.strategy.close()

    def _request(self, doing: str, deadline: Deadline, send: Callable[[], Any]) -> dict[str, Any]:
        deadline.doing = f"{doing} at {self.place}"
        self.intact = False
        wire = self._connection.wire
        if wire is None:
            raise _lost(self.place, "is not connected")
        wire.deadline = deadline
        with _translated(self.place, doing, f"broke off while {doing}"):
            send()
        result: dict[str, Any] = self._connection.result
        self.intact = result["result"] not in _results.SESSION_IS_OVER
        return result

    def _unless(self, harmless: int, result: dict[str, Any], what: str) -> bool:
        if result["result"] == harmless:
            return False
        self._expect_success(result, what)
        return True

    def _expect_success(self, result: dict[str, Any], what: str) -> None:
        if result["result"] == _results.SUCCESS:
            return
        error = _results.refusal(f"the directory server {self.place.host} refused to {what}", result)
        if self.intact:
            raise error
        raise SessionLost(error.message, fix=error.fix, code=error.code)


@contextmanager
def _translated(place: Place, doing: str, lost: str) -> Iterator[None]:
    """Whatever ldap3 raises as an error of ours."""
    try:
        yield
    except AsyncAuthError:
        raise
    except LDAPCommunicationError as error:
        raise _lost(place, f"{lost}: {error}") from error
    except (LDAPExceptionError, UnicodeEncodeError) as error:
        raise DirectoryError(f"{doing} is not possible: {error}", fix="correct the name or filter") from error
    except Exception as error:  # its decoder raises whatever Python does with bytes that are no LDAP
        raise _lost(place, f"sent what is no LDAP while {doing}") from error


def _area(base: str) -> str:
    return base or "its whole content"


def _lost(place: Place, how: str) -> SessionLost:
    return SessionLost(
        f"the directory server {place} {how}",
        fix="check that the domain controller runs and that a firewall lets its port through",
    )


def _descriptor_control(attributes: Sequence[str] | Mapping[str, Any]) -> list[Any]:
    """A security descriptor is read and written as its DACL alone; the rest would need other rights."""
    if not any(name.casefold() == _SECURITY_DESCRIPTOR for name in attributes):
        return []
    return list(security_descriptor_control(sdflags=_DACL))


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(bytes(row["raw_dn"]).decode(), row["raw_attributes"])


def _cookie(result: dict[str, Any]) -> bytes:
    control = (result.get("controls") or {}).get(_PAGED, {})
    return bytes(control.get("value", {}).get("cookie") or b"")
