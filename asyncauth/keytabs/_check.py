"""Whether the keys in a keytab are those that the KDC has.

The KDC does not show keys, so it is made to use them. An account's own entry is tried by logging in with that one key:
the KDC answers with something that only the same key opens. The entry of a service principal name, with which nobody
logs in on Active Directory, is tried by getting a ticket for the service and accepting it with the keytab, as a server
would. The ticket says in clear with which version and type of key it was made; that the key itself is the same shows in
that it opens.

Only the newest version of a principal is tried: older ones are there for tickets of the past. One failed login is made
for each key that is wrong, and counts as such with the KDC.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from .._errors import CredentialError, MechanismError, TargetError
from .._spn import ServicePrincipalName
from .._types import Policy
from ..failures import Krb5
from ..mechanisms import Credential, CredentialCache, DefaultCredential, Kerberos, Keytab
from ..mechanisms._codes import Phase, Where
from ..mechanisms._krb5 import KeytabEntry
from ..tokens import Encrypted, enctype_name
from ._file import krb5_door, read_keytab
from ._keys import ticket_in

__all__ = ["Outcome", "Verdict", "check_keytab"]


class Outcome(Enum):
    """What the KDC makes of a key; the value is for programs."""

    CURRENT = "current"
    OTHER_VERSION = "other version"
    """The key fits, but has another number than the KDC counts."""
    OLD = "old"
    NEWER = "newer"
    OTHER_KEY = "other key"
    NO_ENCTYPE = "no enctype"
    NO_ENTRY = "no entry"
    UNKNOWN = "unknown"
    """The KDC has no such account or SPN."""
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    """Account disabled, locked or expired."""

    @property
    def good(self) -> bool:
        return self in (Outcome.CURRENT, Outcome.OTHER_VERSION)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one principal of a keytab.

    :param text: for people: what is right or wrong
    :param fix: what to do; None where nothing is to be done
    :param kvno: the version that the KDC has now, where it told
    """

    principal: str
    outcome: Outcome
    text: str
    fix: str | None = None
    kvno: int | None = None


def check_keytab(
    path: str | os.PathLike[str],
    spns: Sequence[ServicePrincipalName] = (),
    *,
    credential: Credential | None = None,
) -> list[Verdict]:
    """Ask the KDC about the newest keys of each principal of a keytab. Waits for the KDC.

    :param spns: these only, whether the file has them or not; all entries, if empty
    :param credential: who asks for the tickets; None for the keytab's own account where its key is good, else for what
        the process has
    :raises CredentialError: the file cannot be read, or who asks has no ticket
    :raises MechanismError: no KDC answers
    """
    entries = read_keytab(path)
    newest = [_newest(entries, name) for name in dict.fromkeys(entry.principal for entry in entries)]
    accounts = [] if spns and credential else [group for group in newest if not group[0].is_service]
    logins = {group[0].principal: _log_in(group) for group in accounts}
    wanted = [(spn, _named(newest, spn)) for spn in spns]
    services = wanted or [(_spn(group[0]), group) for group in newest if group[0].is_service]
    verdicts = [] if wanted else list(logins.values())
    if services:
        client = Kerberos(_asking(credential or _own(path, logins.values())))
        verdicts += [_try_service(path, client, spn, group) for spn, group in services]
    return verdicts


def _newest(entries: list[KeytabEntry], principal: str) -> list[KeytabEntry]:
    held = [entry for entry in entries if entry.principal == principal]
    kvno = max(entry.kvno for entry in held)
    return [entry for entry in held if entry.kvno == kvno]


def _named(groups: list[list[KeytabEntry]], spn: ServicePrincipalName) -> list[KeytabEntry]:
    wanted = spn.principal().removesuffix("@").lower()
    return next((group for group in groups if group[0].name.lower() == wanted), [])


def _spn(entry: KeytabEntry) -> ServicePrincipalName:
    return ServicePrincipalName.parse(entry.name.replace("\\", ""))


def _own(path: str | os.PathLike[str], logins: Iterable[Verdict]) -> Credential:
    """The keytab as a client, if it can log in."""
    own = (Keytab(path, verdict.principal) for verdict in logins if verdict.outcome.good)
    return next(own, DefaultCredential())


def _asking(credential: Credential) -> Credential:
    """The same without the service tickets of before, which were made with the keys of before."""
    from ..mechanisms._krb5._memory import login_of

    if not isinstance(credential, CredentialCache | DefaultCredential):
        return credential
    login = login_of(credential if isinstance(credential, CredentialCache) else None)
    return _Copied(login.name.decode(), login)


@dataclass(frozen=True, slots=True)
class _Copied(CredentialCache):
    """A cache in memory that lives as long as this."""

    cache: object


# --- accounts ----------------------------------------------------------------------------------------------


def _log_in(group: list[KeytabEntry]) -> Verdict:
    """One login with each type of key; the worst that comes of it, if there is any that is good at all."""
    verdicts = [_log_in_with(entry) for entry in group]
    wrong = [verdict for verdict in verdicts if verdict.outcome not in (Outcome.CURRENT, Outcome.NO_ENCTYPE)]
    if wrong:
        return wrong[0]
    good = [verdict for verdict in verdicts if verdict.outcome is Outcome.CURRENT]
    return good[0] if good else verdicts[0]


def _log_in_with(entry: KeytabEntry) -> Verdict:
    key = f"version {entry.kvno} ({enctype_name(entry.enctype)})"
    where = Where(Phase.ACQUIRE, f"the key of {entry.principal}", realm=entry.realm)
    try:
        krb5_door().ticket_with_entry(entry, where)
    except MechanismError as error:
        return _refused(entry, key, error)
    return Verdict(entry.principal, Outcome.CURRENT, f"{entry.principal}: the KDC takes {key}")


def _refused(entry: KeytabEntry, key: str, error: MechanismError) -> Verdict:
    known: dict[str | None, tuple[Outcome, str, str]] = {
        _code(Krb5.KRB5KDC_ERR_PREAUTH_FAILED): _WRONG,
        _code(Krb5.KRB5KRB_AP_ERR_BAD_INTEGRITY): _WRONG,
        _code(Krb5.KRB5KDC_ERR_ETYPE_NOSUPP): (
            Outcome.NO_ENCTYPE,
            "the account has no key of this type",
            "allow the type on the account and set its password anew, or leave it out of the keytab",
        ),
        _code(Krb5.KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN): (
            Outcome.UNKNOWN,
            "the KDC has no such account",
            "correct the name, or remove the entry",
        ),
    }
    outcome, what, fix = known.get(error.code, (Outcome.REFUSED, error.message, error.fix or ""))
    if outcome is Outcome.REFUSED and not isinstance(error, CredentialError):
        raise error
    return Verdict(entry.principal, outcome, f"{entry.principal}: {key} is not good: {what}", fix or None)


_WRONG = (
    Outcome.OTHER_KEY,
    "the account has another key: its password was changed since, or the key was made with another salt",
    "write the keytab anew: from the present password with the KDC's salt, or from a fresh export",
)


# --- services ----------------------------------------------------------------------------------------------


def _try_service(
    path: str | os.PathLike[str], client: Kerberos, spn: ServicePrincipalName, group: list[KeytabEntry]
) -> Verdict:
    try:
        token, _ = client.initiate(spn, Policy()).step(None)
    except TargetError as error:
        return _no_ticket(spn, error)
    ticket = ticket_in(token or b"")
    if not group:
        return Verdict(
            str(spn),
            Outcome.NO_ENTRY,
            f"{spn}: the keytab has no entry for it; the KDC's key has {_version(ticket)}",
            "write one: asyncauth keytab write",
            ticket.kvno,
        )
    return _judge(group, ticket, _opens(path, spn, token or b""))


def _no_ticket(spn: ServicePrincipalName, error: TargetError) -> Verdict:
    twice = error.code == _code(Krb5.KRB5KDC_ERR_PRINCIPAL_NOT_UNIQUE)
    outcome = Outcome.DUPLICATE if twice else Outcome.UNKNOWN
    return Verdict(str(spn), outcome, error.message, error.fix)


def _opens(path: str | os.PathLike[str], spn: ServicePrincipalName, token: bytes) -> bool:
    """Whether the keytab's entries for the SPN open the ticket."""
    try:
        Kerberos(Keytab(path, spns=(spn,))).accept(Policy()).step(token)
    except (CredentialError, TargetError):
        return False
    return True


def _judge(group: list[KeytabEntry], ticket: Encrypted, opens: bool) -> Verdict:
    """From what the file has, what the ticket says and whether it opens, to what is the matter."""
    name, held = group[0].principal, group[0].kvno
    outcome, text, fix = _matter(held, {entry.enctype for entry in group}, ticket, opens)
    return Verdict(name, outcome, f"{name}: {text}", fix, ticket.kvno)


def _matter(held: int, types: set[int], ticket: Encrypted, opens: bool) -> tuple[Outcome, str, str | None]:
    theirs = ticket.kvno if ticket.kvno is not None else held
    if opens and theirs == held:
        return Outcome.CURRENT, f"the key is the KDC's, {_version(ticket)}", None
    if opens:
        return (
            Outcome.OTHER_VERSION,
            f"the key fits, but the KDC counts version {theirs} and the file {held}: some servers will refuse it",
            f"write a new file with --kvno {theirs}",
        )
    if held != theirs:
        return (
            Outcome.OLD if held < theirs else Outcome.NEWER,
            f"the file has version {held}, the KDC {theirs}",
            _ANEW if held < theirs else _AHEAD,
        )
    if ticket.enctype not in types:
        return (
            Outcome.NO_ENCTYPE,
            f"the KDC made the ticket with {enctype_name(ticket.enctype)}, of which the file has no key",
            "write a key of that type too, or allow only the file's types on the account",
        )
    return (
        Outcome.OTHER_KEY,
        f"the file has another key of the same version {held}: of another account, or made with another salt",
        _ANEW,
    )


_ANEW = "write the keytab anew from the account's present key, and keep the old entries"
_AHEAD = (
    "fine while a password is about to be changed; else the account was made anew, or this KDC lags behind"
)


def _version(ticket: Encrypted) -> str:
    return f"version {ticket.kvno} ({enctype_name(ticket.enctype)})"


def _code(code: Krb5) -> str:
    return str(code.number)
