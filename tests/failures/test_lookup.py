"""Codes in every form in which people meet them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import AsyncAuthError, AuthenticationError, CredentialError, MechanismError, TargetError
from asyncauth.failures import (
    FAILURES,
    Code,
    Errno,
    Failure,
    Gss,
    Kind,
    Krb5,
    Sspi,
    Win32,
    cause_of,
    code_with_names,
    failure,
    failure_with,
    lookup,
    nearest,
)

UNKNOWN_SERVICE = Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN
CODES: list[Code] = [*Krb5, *Gss, *Sspi, *Win32, *Errno]


def meanings(text: str) -> list[str]:
    return [
        found.meaning.slug if isinstance(found.meaning, Failure) else found.meaning.name
        for found in lookup(text)
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("-1765328377", [UNKNOWN_SERVICE.name]),
        ("0x96c73a07", [UNKNOWN_SERVICE.name]),
        ("0x96C73A07", [UNKNOWN_SERVICE.name]),
        ("2529638919", [UNKNOWN_SERVICE.name]),
        ("KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN", [UNKNOWN_SERVICE.name]),
        ("krb5kdc_err_s_principal_unknown", [UNKNOWN_SERVICE.name]),
        ("KDC_ERR_S_PRINCIPAL_UNKNOWN", [UNKNOWN_SERVICE.name]),
        ("S_PRINCIPAL_UNKNOWN", [UNKNOWN_SERVICE.name]),
        ("KRB_AP_ERR_SKEW", ["KRB5KRB_AP_ERR_SKEW"]),
        ("KDC_ERR_KEY_EXPIRED", ["KRB5KDC_ERR_KEY_EXP"]),
        ("7", [UNKNOWN_SERVICE.name, "GSS_S_NO_CRED"]),
        ("13", ["KRB5KDC_ERR_BADOPTION", "EACCES", "GSS_S_FAILURE"]),
        ("0xd0000", ["GSS_S_FAILURE"]),
        ("851968", ["GSS_S_FAILURE"]),
        ("0xd0010", ["GSS_S_FAILURE"]),
        ("GSS_S_BAD_BINDINGS", ["GSS_S_BAD_BINDINGS"]),
        ("GSS_S_BAD_MIC", ["GSS_S_BAD_SIG"]),
        ("GSS 0x60000", ["GSS_S_BAD_SIG"]),
        ("GSS major 1", ["GSS_S_BAD_MECH"]),
        ("0x10", ["GSS_S_GAP_TOKEN"]),
        ("0x80090303", ["SEC_E_TARGET_UNKNOWN"]),
        ("2148074243", ["SEC_E_TARGET_UNKNOWN"]),
        ("-2146893053", ["SEC_E_TARGET_UNKNOWN"]),
        ("SEC_E_TARGET_UNKNOWN", ["SEC_E_TARGET_UNKNOWN"]),
        ("TARGET_UNKNOWN", ["SEC_E_TARGET_UNKNOWN"]),
        ("BAD_BINDINGS", ["GSS_S_BAD_BINDINGS", "SEC_E_BAD_BINDINGS"]),
        ("1326", ["ERROR_LOGON_FAILURE"]),
        ("0x8007052E", ["ERROR_LOGON_FAILURE"]),
        ("1396", ["ERROR_WRONG_TARGET_NAME"]),
        ("1790", ["ERROR_TRUST_FAILURE"]),
        ("ENOENT", ["ENOENT"]),
        ("39756033", ["KG_KEYTAB_NOMATCH"]),
        ("ProtectionError", ["ProtectionError"]),
        ("protectionerror", ["ProtectionError"]),
        ("wrong-key", ["wrong-key"]),
        (" -1765328377\n", [UNKNOWN_SERVICE.name]),
    ],
)
def test_one_code(text: str, names: list[str]) -> None:
    assert meanings(text) == names


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (
            (
                "asyncauth: the KDC does not know the service a/b (Server a/b@R not found in Kerberos database)"
                " [-1765328377]: register this SPN"
            ),
            [UNKNOWN_SERVICE.name],
        ),
        ("the peer requires more protection [1790]: compare", ["ERROR_TRUST_FAILURE"]),
        ("a message was altered [GSS_S_BAD_SIG]: drop", ["GSS_S_BAD_SIG"]),
        ("/etc/a.keytab (Key table file not found) [ENOENT]: check", ["ENOENT"]),
        (
            "GSSException: Major (851968): Unspecified GSS failure, Minor (2529638919): Server not found",
            ["GSS_S_FAILURE", UNKNOWN_SERVICE.name],
        ),
        (
            "kinit: Client 'x@R' not found in Kerberos database while getting",
            ["KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN"],
        ),
        ("kinit: Preauthentication failed while getting initial credentials", ["KRB5KDC_ERR_PREAUTH_FAILED"]),
        ("System error 1396 has occurred.", ["ERROR_WRONG_TARGET_NAME"]),
        ("Win32Exception (0x80090322): The target principal name is incorrect.", ["SEC_E_WRONG_PRINCIPAL"]),
        ("krb5 error code: 7", [UNKNOWN_SERVICE.name, "GSS_S_NO_CRED"]),
        ("asyncauth._errors.TargetError: something", ["TargetError"]),
        ("at 14:12:33 from 10.0.0.7 port 51234 the policy said no to 12 clients", []),
        ("everything went well", []),
        ("", []),
    ],
)
def test_a_line(line: str, names: list[str]) -> None:
    assert meanings(line) == names


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_every_code_is_found_as_it_is_written(code: Code) -> None:
    for written in (code.name, *code.written):
        found = {each.meaning: each.failures for each in lookup(written)}
        assert found[code] == tuple(each for each in FAILURES if code in each.codes)


@given(st.text(max_size=60))
def test_anything_at_all(text: str) -> None:
    for found in lookup(text):
        assert isinstance(found.meaning, Code | Kind | Failure)
    assert len(nearest(text)) <= 5


@given(st.integers())
def test_any_number(number: int) -> None:
    for written in (str(number), hex(number)):
        assert all(isinstance(found.meaning, Code) for found in lookup(written))


def test_a_code_of_several_failures_has_them_all() -> None:
    (found,) = lookup("-1765328353")
    assert [each.number for each in found.failures] == [5, 13, 20]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("KRB5KDC_ERR_S_PRINCIPLE_UNKNOWN", UNKNOWN_SERVICE.name),
        ("TARGET_UNKNWON", "SEC_E_TARGET_UNKNOWN"),
        ("ProtctionError", "ProtectionError"),
        ("-1765328387", "-1765328377 KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN"),
        ("0x80090304", "0x80090303 SEC_E_TARGET_UNKNOWN"),
    ],
)
def test_what_was_meant(text: str, meant: str) -> None:
    assert not lookup(text)
    assert meant in nearest(text)
    assert nearest(text, 1)


def test_nothing_is_near() -> None:
    assert nearest("zzzzzzzz") == nearest("") == []


def test_texts_with_names() -> None:
    assert code_with_names("Server a/b@R not found in Kerberos database") is UNKNOWN_SERVICE
    assert code_with_names("Server a/b/CN=My App,DC=x@R not found in Kerberos database") is UNKNOWN_SERVICE
    cut = "Request ticket server a/b/CN=My App@R kvno 3 found in keytab but not with enctype aes256-cts"
    assert code_with_names(cut) is Krb5.KRB5KRB_AP_ERR_BADKEYVER
    assert code_with_names("no such text") is None


# --- the cause of an error -----------------------------------------------------------------------------------


def test_an_error_knows_why_from_its_code() -> None:
    assert AsyncAuthError("no", code="KRB5_FCC_PERM").cause == failure(32).cause
    assert AsyncAuthError("no", code="-1765328347").cause == failure(15).cause


def test_else_from_its_class() -> None:
    ambiguous = MechanismError("no", code="-1765328353")
    assert ambiguous.cause is None
    assert CredentialError("no", code="-1765328353").cause == CredentialError("no").cause
    assert CredentialError("no").cause
    assert TargetError("no", code="LDAP 49 invalidCredentials").cause == TargetError("no").cause
    assert AuthenticationError("no").cause is None


def test_else_from_whoever_raises_it() -> None:
    error = TargetError("no", cause="the moon is full", fix="wait")
    assert (error.cause, str(error)) == ("the moon is full", "no: wait")


def test_a_class_of_somebody_elses_has_the_cause_of_ours() -> None:
    class Special(CredentialError):
        """A subclass."""

    assert Special("no").cause == CredentialError("no").cause


def test_the_failure_of_a_cause() -> None:
    assert failure_with(failure(5).cause) is failure(5)
    assert failure_with(None) is failure_with("whatever") is None
    assert cause_of(None, ()) is None
