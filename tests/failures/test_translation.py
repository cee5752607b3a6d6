"""From a library's numbers to our errors, all of the table, and what is in none."""

from __future__ import annotations

import krb5
import pytest
from gssapi import raw

from asyncauth import CredentialError, IntegrityError, MechanismError
from asyncauth.failures import Code, Errno, Gss, Krb5, failure
from asyncauth.mechanisms._codes import Phase, Where, code_of, explain
from asyncauth.mechanisms._codes._rows import GENERAL, PLAIN, SPECIAL
from asyncauth.mechanisms._codes._shapes import Shape, shape_of
from asyncauth.mechanisms._gss._errors import broken_message, mechanism_error
from asyncauth.mechanisms._krb5._memory import code_of_text

KEYTAB, CACHE = "the keytab /etc/a.keytab", "the credential cache FILE:/tmp/c"
MAPPED = 100_001
FAILURE = 0xD0000


def where(phase: Phase, credential: str = KEYTAB) -> Where:
    return Where(phase, credential, "http/app1", "EXAMPLE.TEST")


ROWS = [(phase, code) for phase in Phase for code in GENERAL] + list(SPECIAL)


@pytest.mark.parametrize(("phase", "code"), ROWS, ids=lambda part: part.name)
def test_every_row(phase: Phase, code: Code) -> None:
    row = SPECIAL.get((phase, code)) or GENERAL[code]
    error = explain(where(phase), code, "the library's text")
    known = failure(row.failure)
    assert type(error) is row.kind
    assert "(the library's text)" in error.message
    assert "{" not in str(error)
    assert error.fix == (row.fix or known.fix)
    assert error.cause == known.cause
    assert error.code == (str(code.number) if isinstance(code, Krb5) else code.name)
    assert error.fix[0].islower()
    assert row.kind.__name__ in (*known.errors, "MechanismError")


@pytest.mark.parametrize("code", Krb5)
def test_every_kerberos_code_has_a_row(code: Krb5) -> None:
    assert code in GENERAL


def test_the_code_is_one_of_the_failures_codes_unless_it_is_used_for_another() -> None:
    missing = {
        (code.name, row.failure)
        for table in (GENERAL, {code: row for (_, code), row in SPECIAL.items()})
        for code, row in table.items()
        if code not in failure(row.failure).codes
    }
    assert missing == set()


@pytest.mark.parametrize("phase", Phase)
def test_what_is_in_no_table_has_the_librarys_words(phase: Phase) -> None:
    expected = PLAIN[phase].format(credential=KEYTAB, target="http/app1")
    error = explain(where(phase), None, "odd", 4711)
    kind = CredentialError if phase in (Phase.ACQUIRE, Phase.KEYTAB) else MechanismError
    assert (type(error), str(error)) == (kind, f"{expected} (odd) [4711]")
    assert explain(where(phase), None, "odd").code is None
    assert explain(where(phase), Gss.GSS_S_FAILURE, "odd").code == "GSS_S_FAILURE"


def test_no_realm_is_the_default_realm() -> None:
    error = explain(Where(Phase.ACQUIRE, CACHE), Krb5.KRB5_KDC_UNREACH, "text")
    assert error.message == "no KDC of realm the default realm answers (text)"


@pytest.mark.parametrize(
    ("phase", "credential", "number"),
    [
        (Phase.ACQUIRE, CACHE, 8), (Phase.INITIATE, "the default credential", 8), (Phase.ANSWER, CACHE, 8),
        (Phase.ACQUIRE, KEYTAB, 10), (Phase.KEYTAB, "the default keytab", 10), (Phase.ACCEPT, "the default keytab", 10),
    ],
)  # fmt: skip
def test_whose_file_it_is(phase: Phase, credential: str, number: int) -> None:
    error = explain(where(phase, credential), Errno.EACCES, "Permission denied")
    assert (error.code, error.cause) == ("EACCES", failure(number).cause)


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("http/10.0.0.1", 2),
        ("http/app1", 1),
        ("http/1.2.3", 1),
        ("http/10.0.0.1/x", 2),
        ("nothing", 1),
        ("", 1),
    ],
)
def test_addresses_in_names(target: str, number: int) -> None:
    error = explain(Where(Phase.INITIATE, CACHE, target), Krb5.KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, "text")
    assert error.cause == failure(number).cause


def test_which_code_says_most() -> None:
    assert code_of(13, -1765328352) is Krb5.KRB5KRB_AP_ERR_TKT_EXPIRED
    assert code_of(7, 0) is code_of(7, 12345) is Gss.GSS_S_NO_CRED
    assert code_of(0, 13) is Errno.EACCES
    assert code_of(0, 0) is code_of(15, 0) is None


# --- GSSAPI's errors -----------------------------------------------------------------------------------------


class Said(raw.GSSError):
    """An error with the texts that a library could have for it; python-gssapi reads them from the library."""

    def __init__(self, major: int, minor: int, *texts: str, token: bytes | None = None) -> None:
        self.texts = texts
        super().__init__(major, minor, token=token)

    def get_all_statuses(self, code: int, is_maj: bool) -> list[str]:
        return [f"major {code:#x}"] if is_maj else list(self.texts)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (Said(FAILURE, MAPPED, "Ticket expired"), "-1765328352", "Ticket expired"),
        (Said(FAILURE, MAPPED, "Server a/b@R not found in Kerberos database"), "-1765328377", "Server a/b@R"),
        (Said(FAILURE, MAPPED, "Success", "Ticket expired "), "-1765328352", "Ticket expired"),
        (Said(FAILURE, 2**32 - 1765328352, "Ticket expired"), "-1765328352", "Ticket expired"),
        (Said(FAILURE, 2**32 - 1765328300, "something"), "-1765328300", "something"),
        (Said(FAILURE, MAPPED, "something"), "GSS_S_FAILURE", "something"),
        (Said(FAILURE, MAPPED, "Unknown error"), "GSS_S_DEFECTIVE_TOKEN", "major 0xd0000"),
        (Said(FAILURE, 0), "GSS_S_FAILURE", "major 0xd0000"),
        (Said(0x10000, 0, "Unknown error"), "GSS_S_BAD_MECH", "An unsupported mechanism was requested"),
        (Said(0xF0000, 0, "Unknown error"), None, "forbidden by local security policy"),
        (Said(0xF0000, 77), "77", "(The operation is forbidden by local security policy)"),
    ],
    ids=str,
)
def test_what_gssapi_said(error: Said, code: str | None, text: str) -> None:
    translated = mechanism_error(where(Phase.ACCEPT), error)
    assert translated.code == code
    assert text in str(translated)
    assert "Unknown error" not in str(translated)


def test_the_error_token_goes_with_a_refusal_only() -> None:
    error = Said(FAILURE, MAPPED, "Ticket expired", token=b"token")
    tokens = {phase: mechanism_error(where(phase), error).token for phase in Phase}
    assert {phase for phase, token in tokens.items() if token} == {Phase.ACCEPT, Phase.ANSWER}


def test_the_shape_is_looked_at_where_a_token_is_the_matter() -> None:
    ntlm = b"NTLMSSP\0\1\0\0\0"
    assert "NTLM" in str(mechanism_error(where(Phase.ACCEPT), Said(0x90000, 0), ntlm))
    assert "NTLM" not in str(
        mechanism_error(where(Phase.ACCEPT), Said(FAILURE, MAPPED, "Ticket expired"), ntlm)
    )


@pytest.mark.parametrize(
    ("token", "what"),
    [
        (None, None),
        (b"", None),
        (b"NTLMSSP\0", "NTLM"),
        (b"\xa1" + bytes.fromhex("060a2b06010401823702020a"), "NTLM"),
        (bytes.fromhex("60060a2b06010401823702020a06092a864886f712010202"), None),
        (bytes.fromhex("60060a2b06010401823702020a06092a864882f712010202"), None),
        (b"x" + bytes.fromhex("060a2b06010401823702020a"), None),
        (b"HTTP/1.1 400 Bad Request", "HTTP"),
        (b"\x16\x03\x03", "TLS"),
        (b"SSH-2.0", "SSH"),
        (b"hello", None),
    ],
)
def test_shapes(token: bytes | None, what: str | None) -> None:
    shape = shape_of(token)
    assert (shape and shape.what) == what
    assert shape is None or isinstance(shape, Shape)


@pytest.mark.parametrize(
    ("error", "code", "number", "says"),
    [
        (raw.DuplicateTokenError(2, 0), "GSS_S_DUPLICATE_TOKEN", 23, "a second time"),
        (raw.ExpiredTokenError(4, 0), "GSS_S_OLD_TOKEN", 23, "too old"),
        (raw.TokenTooEarlyError(16, 0), "GSS_S_GAP_TOKEN", 23, "missing"),
        (raw.TokenTooLateError(8, 0), "GSS_S_UNSEQ_TOKEN", 23, "out of sequence"),
        (raw.BadMICError(0x60000, 0), "GSS_S_BAD_SIG", 22, "altered"),
        (raw.InvalidTokenError(0x90000, 0), "GSS_S_DEFECTIVE_TOKEN", 21, "is not a protected message"),
        (raw.ExpiredContextError(0xC0000, 0), "GSS_S_CONTEXT_EXPIRED", 4, "had expired"),
        (raw.BadMICError(0x60010, 0), "GSS_S_BAD_SIG", 22, "altered"),
    ],
)
def test_messages_that_cannot_be_opened(error: raw.GSSError, code: str, number: int, says: str) -> None:
    broken = broken_message("alice@A.TEST", error)
    assert type(broken) is IntegrityError
    assert (broken.code, broken.cause) == (code, failure(number).cause)
    assert broken.message.startswith("a message from or to alice@A.TEST ")
    assert says in broken.message
    assert broken.fix


def test_a_message_that_is_refused_for_another_reason() -> None:
    broken = broken_message("alice@A.TEST", raw.GSSError(0x80000, 0))
    assert (broken.code, broken.fix) == ("GSS 0x80000", "drop this connection")
    assert broken.cause == IntegrityError("any").cause


def test_a_text_is_recognised_without_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a context fails then, and that must not hide what was to be said."""
    from asyncauth.mechanisms._krb5 import _memory

    def fail() -> dict[str, Krb5]:
        raise krb5.Krb5Error(krb5.init_context(), 13)

    monkeypatch.setattr(_memory, "_table_texts", fail)
    assert code_of_text("Ticket expired") is Krb5.KRB5KRB_AP_ERR_TKT_EXPIRED
    assert code_of_text("nothing known") is None


def test_nothing_is_lost_in_a_copy() -> None:
    import copy

    error = explain(where(Phase.ACQUIRE), Krb5.KRB5KDC_ERR_PREAUTH_FAILED, "text")
    again = copy.copy(error)
    assert (type(again), str(again), again.cause) == (CredentialError, str(error), error.cause)
