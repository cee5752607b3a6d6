"""The grammar of ``asyncauth keytab``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from . import _options as options

__all__ = ["add_keytab"]


def add_keytab(
    commands: Any, family: Callable[..., Any], command: Callable[..., argparse.ArgumentParser]
) -> None:
    """Add the command with its actions ``list``, ``check`` and ``write``.

    :param family: makes a command that has actions
    :param command: makes one of them
    """
    actions = family(commands, "keytab", "ACTION", "keytabs: look into, check, write")
    listing = command(
        actions, "list", "_keytab", "what is in a keytab, and what is wrong with it",
        "example:\n  asyncauth keytab list F",
    )  # fmt: skip
    check = command(
        actions, "check", "_keytab", "whether a keytab is in order and, with --kdc, whether its keys are the KDC's",
        "A wrong key costs one failed login per encryption type, which counts as such with the KDC.\n"
        "example:\n  asyncauth keytab check F --spn HTTP/app1.example.test --kdc",
    )  # fmt: skip
    write = command(
        actions, "write", "_keytab", "write entries for SPNs into a keytab, beside those that it has",
        "The key comes from the account's entry in another keytab, or from its password.\n"
        "example:\n  asyncauth keytab write F --spn HTTP/app1.example.test --from-keytab ALL --account svc",
    )  # fmt: skip
    for parser in (listing, check, write):
        parser.add_argument("file", metavar="FILE", type=_path, help="the keytab")
    _check(check)
    _write(write)
    for parser in (listing, check, write):
        options.add_common(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    _add_spns(parser, "this SPN only, whether the file has it or not; may be repeated", required=False)
    parser.add_argument("--kdc", action="store_true", help="ask the KDC; else only the file is looked at")
    group = parser.add_argument_group("who asks the KDC; the keytab's own account if its key is good")
    group.add_argument("--cache", metavar="NAME", help="credential cache, FILE:/path or a plain path")
    group.add_argument("--principal", metavar="NAME", help="alice@EXAMPLE.TEST; asks for the password")
    group.add_argument("--password-file", metavar="FILE", help="file whose first line is its password")
    parser.set_defaults(keytab=None)


def _write(parser: argparse.ArgumentParser) -> None:
    _add_spns(parser, "an entry for this SPN; may be repeated", required=True)
    parser.add_argument(
        "--account", required=True, metavar="NAME",
        help="sAMAccountName of the account whose key it is, with @REALM or --realm; a computer's ends with $",
    )  # fmt: skip
    parser.add_argument(
        "--realm", metavar="REALM", help="the account's realm; that of its entry, or the default realm"
    )
    parser.add_argument(
        "--with-account", action="store_true", help="an entry for the account too, with which it can log in"
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from-keytab", metavar="FILE", type=_path, help="a keytab with the account's entry")
    source.add_argument(
        "--password-file", metavar="FILE", help="a file whose first line is the password, - for stdin"
    )
    group = parser.add_argument_group("for a password")
    group.add_argument("--kvno", type=options.count, metavar="N", help="its version; else the KDC is asked")
    group.add_argument("--salt", metavar="TEXT", help="its salt; else the KDC is asked")
    group.add_argument(
        "--default-salt", action="store_true", help="the salt that Active Directory gives a new account"
    )
    group.add_argument(
        "--enctype", action="append", type=_enctype, metavar="NAME",
        help="may be repeated; aes256-cts-hmac-sha1-96 and aes128-cts-hmac-sha1-96 if not given",
    )  # fmt: skip


def _add_spns(parser: argparse.ArgumentParser, says: str, *, required: bool) -> None:
    parser.add_argument(
        "--spn", action="append", default=[], required=required, type=options.spn, metavar="SPN", help=says
    )


_ENCTYPES = {
    "aes256-cts-hmac-sha1-96": 18,
    "aes128-cts-hmac-sha1-96": 17,
    "aes256-cts-hmac-sha384-192": 20,
    "aes128-cts-hmac-sha256-128": 19,
}


def _enctype(text: str) -> int:
    try:
        return _ENCTYPES[text.lower()]
    except KeyError:
        known = ", ".join(_ENCTYPES)
        raise argparse.ArgumentTypeError(f"{text!r} is none of {known}") from None


def _path(text: str) -> str:
    """A keytab's path; ``FILE:/etc/app.keytab``, as KRB5_KTNAME has it, is one too."""
    return text.removeprefix("FILE:")
