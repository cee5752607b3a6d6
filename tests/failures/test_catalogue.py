"""The catalogue as data: complete, consistent, and its numbers those of the headers and libraries on this machine."""

from __future__ import annotations

import ctypes
import importlib
import re
import subprocess
import sys
from pathlib import Path

import gssapi.raw  # noqa: F401 - registers GSSAPI's error tables
import krb5
import pytest
from gssapi import raw

import asyncauth
from asyncauth import _errors
from asyncauth.failures import FAILURES, KINDS, Code, Errno, Gss, Krb5, Sspi, Win32, failure
from asyncauth.testing.plugin import without

from .provoked import ROWS

FOLDER = Path(__file__).parent
HEADERS = Path("/usr/include")
IN_NO_HEADER = {Krb5.KG_CCACHE_NOMATCH, Krb5.KG_KEYTAB_NOMATCH}
CLASSES = {name for name in _errors.__all__ if name != "__all__"}


@pytest.fixture(scope="module")
def context() -> krb5.Context:
    return krb5.init_context()


def header(name: str) -> str:
    path = HEADERS / name
    if not path.is_file():
        without(f"no {path}: install the Debian package libkrb5-dev")
    return path.read_text(errors="replace")


@pytest.mark.parametrize("code", sorted(set(Krb5) - IN_NO_HEADER, key=str), ids=str)
def test_kerberos_numbers_are_the_headers(code: Krb5) -> None:
    defined = re.search(rf"^#define {code.name}\s+\((-?\d+)L\)", header("krb5/krb5.h"), re.MULTILINE)
    assert defined is not None
    assert int(defined[1]) == code.number


@pytest.mark.parametrize("code", sorted(set(Krb5) - IN_NO_HEADER, key=str), ids=str)
def test_kerberos_texts_are_the_librarys(context: krb5.Context, code: Krb5) -> None:
    assert str(krb5.Krb5Error(context, code.number)) == f"{code.says} {code.number}"


@pytest.mark.parametrize("code", Gss, ids=lambda c: c.name)
def test_major_codes_are_the_headers_and_the_librarys(code: Gss) -> None:
    text = header("gssapi/gssapi.h")
    routine = re.search(
        rf"#define {code.name}\s*(?:\\\n\s*)?\(\(\(OM_uint32\) (\d+)ul\) << GSS_C_ROUTINE_ERROR_OFFSET\)",
        text,
    )
    bit = re.search(rf"#define {code.name} \(1 << \(GSS_C_SUPPLEMENTARY_OFFSET \+ (\d)\)\)", text)
    number = int(routine[1]) << 16 if routine else 1 << int(bit[1]) if bit else None
    assert number == code.number
    assert raw.GSSError(code.number, 0).get_all_statuses(code.number, True) == [code.says]


@pytest.mark.parametrize("code", Sspi, ids=lambda c: c.name)
def test_windows_results_are_those_that_samba_knows(code: Sspi) -> None:
    known = samba("hresult_errstr_const")(code.number)
    if code is Sspi.SEC_E_MUTUAL_AUTH_FAILED:  # newer than Samba's list
        assert known is None
    else:
        assert known.decode() == code.says


@pytest.mark.parametrize("code", Win32, ids=lambda c: c.name)
def test_windows_numbers_are_those_that_samba_knows(code: Win32) -> None:
    assert samba("win_errstr")(code.number).decode() == f"WERR_{code.name.removeprefix('ERROR_')}"


def samba(name: str) -> ctypes._NamedFuncPointer:
    """Microsoft's names and texts, as Samba has them from the specifications."""
    try:
        function = ctypes.CDLL("libsamba-errors.so.1")[name]
    except OSError:
        without("no list of Windows' errors: install the Debian package samba-libs")
    function.restype, function.argtypes = ctypes.c_char_p, [ctypes.c_uint32]
    return function


@pytest.mark.parametrize("code", Errno)
def test_system_numbers(code: Errno) -> None:
    import errno
    import os

    assert getattr(errno, code.name) == code.number
    assert os.strerror(code.number) == code.says


def test_protocol_numbers() -> None:
    """Of RFC 4120 7.5.9: some that stand in it."""
    assert {code.name: code.protocol for code in Krb5 if code.protocol is not None}.items() >= {
        "KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN": 6, "KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN": 7, "KRB5KDC_ERR_ETYPE_NOSUPP": 14,
        "KRB5KDC_ERR_PREAUTH_FAILED": 24, "KRB5KRB_AP_ERR_BAD_INTEGRITY": 31, "KRB5KRB_AP_ERR_SKEW": 37,
        "KRB5KRB_AP_ERR_MODIFIED": 41, "KRB5KRB_ERR_RESPONSE_TOO_BIG": 52, "KRB5KDC_ERR_WRONG_REALM": 68,
    }.items()  # fmt: skip
    assert Krb5.KRB5_CC_NOTFOUND.protocol is None


def test_numbers_and_anchors_are_unique() -> None:
    assert [each.number for each in FAILURES] == list(range(1, 34))
    assert len({each.slug for each in FAILURES}) == len(FAILURES)
    assert len({each.cause for each in FAILURES}) == len(FAILURES)
    assert failure(13).slug == "wrong-key"
    with pytest.raises(KeyError):
        failure(34)


def test_every_code_reports_something() -> None:
    reported = {code for each in FAILURES for code in each.codes}
    codes: set[Code] = {*Krb5, *Gss, *Sspi, *Win32, *Errno}
    assert reported == codes


@pytest.mark.parametrize("number", range(1, 34))
def test_every_failure_has_its_four_parts(number: int) -> None:
    known = failure(number)
    sentences = (known.happened, *known.never)
    assert known.happened.endswith(".")
    assert known.fix[0].islower()
    for text in (known.title, known.cause, known.fix, *known.run, *known.never):
        assert text
        assert not text.endswith(".")
        assert "  " not in text
        assert "\n" not in text
    assert all(text.startswith("do not ") for text in known.never)
    assert known.run
    assert len(sentences) >= 2
    assert set(known.errors) <= CLASSES
    assert len(set(known.codes)) == len(known.codes)


def test_every_class_is_explained() -> None:
    assert sorted(kind.name for kind in KINDS) == sorted(CLASSES)
    for kind in KINDS:
        assert issubclass(getattr(_errors, kind.name), asyncauth.AsyncAuthError)


def test_every_failure_is_provoked_or_says_why_not() -> None:
    for path in FOLDER.glob("test_*.py"):
        importlib.import_module(f"{__package__}.{path.stem}")
    assert sorted(ROWS) == [each.number for each in FAILURES if each.reproduced]
    assert {each.number for each in FAILURES if not each.reproduced} == {26, 27, 30}


def test_it_needs_nothing_but_the_standard_library() -> None:
    folder = Path(asyncauth.__file__).parent / "failures"
    script = (
        f"import sys; sys.path.insert(0, {str(folder.parent)!r}); before = set(sys.modules); import failures;"
        "print(sorted(name for name in set(sys.modules) - before"
        " if name.partition('.')[0] not in sys.stdlib_module_names | {'failures'}))"
    )
    done = subprocess.run([sys.executable, "-ISc", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
