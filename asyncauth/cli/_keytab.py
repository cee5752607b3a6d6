"""``asyncauth keytab``: what is in a keytab, whether the KDC agrees, and writing one."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from .._errors import CredentialError, MechanismError
from ._krb5 import default_realm
from ._options import UsageError, credential
from ._output import Output

if TYPE_CHECKING:
    from ..keytabs import Finding, KeytabEntry, Salt, Verdict
    from ..mechanisms import Password

__all__ = ["run"]


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Carry out the action.

    :raises CredentialError: ``check`` found something wrong
    """
    {"list": _list, "check": _check, "write": _write}[arguments.action](arguments, output)
    return 0


def _list(arguments: argparse.Namespace, output: Output) -> None:
    from ..keytabs import findings, read_keytab

    entries = read_keytab(arguments.file)
    for entry in entries:
        _show(entry, output)
    for finding in findings(arguments.file, entries):
        _warn(finding, output)


def _show(entry: KeytabEntry, output: Output) -> None:
    from ..tokens import enctype_name

    written = datetime.fromtimestamp(entry.timestamp, UTC)
    fields: dict[str, object] = {
        "principal": entry.principal, "kvno": entry.kvno, "enctype": enctype_name(entry.enctype),
        "written": written.isoformat(),
    }  # fmt: skip
    text = f"{entry.kvno:>5}  {written:%Y-%m-%d %H:%M:%S}  {fields['enctype']!s:<26}  {entry.principal}"
    output.event("entry", text, **fields)


def _warn(finding: Finding, output: Output) -> None:
    output.event(
        "warning",
        f"! {finding.text}",
        kind=finding.kind,
        text=finding.text,
        fix=finding.fix,
        principals=finding.principals,
    )
    output.line(f"  {finding.fix}")


def _check(arguments: argparse.Namespace, output: Output) -> None:
    from ..keytabs import check_keytab, findings, read_keytab

    entries = read_keytab(arguments.file)
    found = [finding for finding in findings(arguments.file, entries) if finding.kind in ("mode", "weak")]
    for finding in found:
        _warn(finding, output)
    missing = _missing(arguments, entries)
    if arguments.kdc:
        verdicts = check_keytab(arguments.file, arguments.spn, credential=credential(arguments))
        for verdict in verdicts:
            _say(verdict, output)
        _refuse_bad(arguments.file, verdicts)
    elif missing:
        raise CredentialError(
            f"{arguments.file} has no entry for {', '.join(missing)}", fix="write one: asyncauth keytab write"
        )
    if any(finding.kind == "mode" for finding in found):
        raise CredentialError(f"{arguments.file} is not private", fix="chmod 600 the file")


def _missing(arguments: argparse.Namespace, entries: list[KeytabEntry]) -> list[str]:
    names = {entry.name.lower() for entry in entries}
    return [str(spn) for spn in arguments.spn if spn.principal().removesuffix("@").lower() not in names]


def _say(verdict: Verdict, output: Output) -> None:
    mark = "ok  " if verdict.outcome.good else "BAD "
    output.event(
        "key",
        f"{mark}{verdict.text}",
        principal=verdict.principal, outcome=verdict.outcome.value, good=verdict.outcome.good,
        text=verdict.text, fix=verdict.fix, kvno=verdict.kvno,
    )  # fmt: skip
    if verdict.fix:
        output.line(f"    {verdict.fix}")


def _refuse_bad(file: str, verdicts: list[Verdict]) -> None:
    bad = [verdict for verdict in verdicts if not verdict.outcome.good]
    if bad:
        counts = Counter(verdict.outcome.value for verdict in bad)
        what = ", ".join(f"{outcome}: {number}" for outcome, number in counts.items())
        raise CredentialError(
            f"{len(bad)} of {len(verdicts)} principals in {file} are not as the KDC has them ({what})",
            fix=bad[0].fix or "see above",
        )


def _write(arguments: argparse.Namespace, output: Output) -> None:
    from ..keytabs import write_keytab

    keys = _from_keytab(arguments) if arguments.from_keytab else _from_password(arguments, output)
    realm = keys[0].realm
    names = [spn.principal(realm) for spn in arguments.spn]
    if arguments.with_account:
        names.append(keys[0].principal)
    entries = [key.renamed(name) for name in names for key in keys]
    write_keytab(arguments.file, entries)
    for entry in entries:
        _show(entry, output)
    output.event(
        "written", f"{len(entries)} entries written to {arguments.file}", file=arguments.file, entries=len(entries)
    )  # fmt: skip


def _from_keytab(arguments: argparse.Namespace) -> list[KeytabEntry]:
    from ..keytabs import keys_from_keytab

    for option in ("kvno", "salt", "enctype", "default_salt"):
        if getattr(arguments, option):
            raise UsageError(f"--{option.replace('_', '-')} is for a password; a keytab has its own")
    account = arguments.account
    if arguments.realm and "@" not in account:
        account = f"{account}@{arguments.realm}"
    return keys_from_keytab(arguments.from_keytab, account)


def _from_password(arguments: argparse.Namespace, output: Output) -> list[KeytabEntry]:
    from ..keytabs import AES, current_kvno, keys_from_password

    source = _account(arguments)
    salt = _salt(arguments, source.principal, output)
    kvno = arguments.kvno
    if kvno is None:
        kvno = current_kvno(source, arguments.spn)
        output.line(f"the KDC's version of the key is {kvno}")
    return keys_from_password(source, kvno=kvno, salt=salt, enctypes=arguments.enctype or AES)


def _account(arguments: argparse.Namespace) -> Password:
    from ..mechanisms import Password

    name, _, realm = arguments.account.partition("@")
    if realm and arguments.realm and realm != arguments.realm:
        raise UsageError(f"--account {arguments.account} and --realm {arguments.realm} differ")
    realm = realm or arguments.realm or default_realm()
    if not realm:
        raise CredentialError("which realm is not known: there is no default realm", fix="give --realm")
    file = arguments.password_file
    if file == "-":
        return Password(f"{name}@{realm}", sys.stdin.readline().rstrip("\r\n"))
    whose = argparse.Namespace(cache=None, keytab=None, principal=f"{name}@{realm}", password_file=file)
    return cast("Password", credential(whose))


def _salt(arguments: argparse.Namespace, principal: str, output: Output) -> Salt:
    """The salt that was given, that of the KDC, or that of a new account, and a word about which it is."""
    from ..keytabs import Salt, default_salt, salt_from_kdc

    if arguments.salt is not None and arguments.default_salt:
        raise UsageError("--salt and --default-salt exclude each other")
    if arguments.salt is not None:
        return Salt(arguments.salt)
    if arguments.default_salt:
        salt = default_salt(principal)
        output.event("salt", f"salt {salt.text}, as of a new account", salt=salt.text, source="default")
        return salt
    try:
        salt = salt_from_kdc(principal)
    except MechanismError as error:
        if not isinstance(error, CredentialError):
            error.fix = f"{error.fix}; or give --salt or --default-salt"
        raise
    output.event("salt", f"salt {salt.text}, as the KDC says", salt=salt.text, source="kdc")
    return salt
