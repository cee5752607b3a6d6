"""What the KDC makes of a keytab: each fault made for real, on a domain controller and on an MIT KDC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from asyncauth import CredentialError, MechanismError, Policy, ServicePrincipalName, TargetError
from asyncauth.keytabs import (
    KeytabEntry,
    Outcome,
    Verdict,
    check_keytab,
    keys_from_keytab,
    keys_from_password,
    read_keytab,
    write_keytab,
)
from asyncauth.mechanisms import Credential, CredentialCache, Kerberos, Password
from asyncauth.testing import SambaRealm

from .conftest import Subject

Faulty = Callable[[list[KeytabEntry]], list[KeytabEntry]]


@pytest.fixture
def alice(subject: Subject) -> Credential:
    """Somebody who asks, and who has had a ticket for the service before: it must not be taken for today's."""
    cache = CredentialCache(subject.realm.ticket("alice"))
    Kerberos(cache).initiate(subject.name, Policy()).step(None)
    return cache


def written(subject: Subject, path: Path, change: Faulty = list) -> Path:
    """A keytab for the SPN alone, from the account's present keys, after some change to them."""
    keys = keys_from_keytab(subject.keytab, subject.service.name)
    write_keytab(path, [key.renamed(subject.principal) for key in change(keys)])
    return path


def one(verdicts: list[Verdict]) -> Verdict:
    (verdict,) = verdicts
    return verdict


def test_what_the_realm_exports_is_current(subject: Subject) -> None:
    verdicts = check_keytab(subject.keytab)
    assert {verdict.principal: verdict.outcome for verdict in verdicts} == {
        subject.service.principal: Outcome.CURRENT,
        subject.principal: Outcome.CURRENT,
    }
    assert all(verdict.fix is None for verdict in verdicts)


def test_an_entry_of_the_spn_alone_is_asked_about_by_somebody_else(
    subject: Subject, alice: Credential, tmp_path: Path
) -> None:
    verdict = one(check_keytab(written(subject, tmp_path / "spn.keytab"), credential=alice))
    assert verdict.outcome is Outcome.CURRENT
    assert verdict.kvno == read_keytab(subject.keytab)[0].kvno


@pytest.mark.parametrize(
    ("change", "outcome", "says"),
    [
        (
            lambda keys: [replace(key, kvno=key.kvno + 5) for key in keys],
            Outcome.OTHER_VERSION,
            "the key fits",
        ),
        (
            lambda keys: [key for key in keys if key.enctype == 17],
            Outcome.NO_ENCTYPE,
            "aes256-cts-hmac-sha1-96",
        ),
        ("another salt", Outcome.OTHER_KEY, "another key of the same version"),
        ("another salt, older", Outcome.OLD, "the file has version 0, the KDC"),
        ("another salt, newer", Outcome.NEWER, "the KDC"),
    ],
)
def test_an_spns_key_that_is_not_right(
    subject: Subject, alice: Credential, tmp_path: Path, change: Faulty | str, outcome: Outcome, says: str
) -> None:
    def salted(keys: list[KeytabEntry]) -> list[KeytabEntry]:
        source = Password(subject.service.principal, subject.service.password)
        shift = {"older": -keys[0].kvno, "newer": 9}.get(str(change).rpartition(" ")[2], 0)
        return keys_from_password(source, kvno=keys[0].kvno + shift, salt="WRONGsalt")

    path = written(subject, tmp_path / "bad.keytab", salted if isinstance(change, str) else change)
    verdict = one(check_keytab(path, credential=alice))
    assert verdict.outcome is outcome
    assert verdict.outcome.good is (outcome is Outcome.OTHER_VERSION)
    assert says in verdict.text
    assert subject.spn in verdict.text
    assert verdict.fix


def test_after_a_change_of_password_the_file_is_old(
    subject: Subject, alice: Credential, tmp_path: Path
) -> None:
    path = written(subject, tmp_path / "spn.keytab")
    assert one(check_keytab(path, credential=alice)).outcome is Outcome.CURRENT
    subject.realm.change_password(subject.service)
    verdict = one(check_keytab(path, credential=alice))
    assert verdict.outcome is Outcome.OLD
    account = check_keytab(subject.keytab)[0]
    assert account.outcome is Outcome.OTHER_KEY
    assert "its password was changed since" in account.text
    fresh = subject.realm.keytab(subject.service)
    write_keytab(
        path, [key.renamed(subject.principal) for key in keys_from_keytab(fresh, subject.service.name)]
    )
    assert (
        one(check_keytab(path, credential=alice)).outcome is Outcome.CURRENT
    )  # the old version beside it or not


def test_an_spn_that_the_kdc_does_not_know(subject: Subject, alice: Credential, tmp_path: Path) -> None:
    unknown = "NoSuch/app.example.test"
    path = tmp_path / "spn.keytab"
    keys = keys_from_keytab(subject.keytab, subject.service.name)
    write_keytab(path, [key.renamed(f"{unknown}@{subject.realm.name}") for key in keys])
    verdict = one(check_keytab(path, credential=alice))
    assert verdict.outcome is Outcome.UNKNOWN
    assert unknown in verdict.text
    assert verdict.fix


def test_an_spn_that_the_file_does_not_have(subject: Subject, alice: Credential, tmp_path: Path) -> None:
    second = subject.spn.replace("Keyed", "Second")
    subject.realm.add_spn(subject.service, second)
    path = written(subject, tmp_path / "spn.keytab")
    verdict = one(check_keytab(path, [ServicePrincipalName.parse(second)], credential=alice))
    assert verdict.outcome is Outcome.NO_ENTRY
    assert second in verdict.text


def test_a_duplicate_spn(
    subject: Subject, alice: Credential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the KDC says is scripted: neither realm lets two accounts have an SPN."""

    def refuse(*_: object) -> None:
        raise TargetError(
            "the SPN is registered on several accounts", fix="leave it on one", code="-1765328376"
        )

    path = written(subject, tmp_path / "spn.keytab")
    monkeypatch.setattr("asyncauth.mechanisms._gss._contexts.GssInitiator.step", refuse)
    verdict = one(check_keytab(path, credential=alice))
    assert (verdict.outcome, verdict.fix) == (Outcome.DUPLICATE, "leave it on one")


def test_an_account_that_is_unknown_or_disabled(
    ad_realm: SambaRealm, ad_subject: Subject, tmp_path: Path
) -> None:
    path = tmp_path / "account.keytab"
    keys = keys_from_keytab(ad_subject.keytab, ad_subject.service.name)
    write_keytab(path, [key.renamed("nobody@EXAMPLE.TEST") for key in keys])
    assert one(check_keytab(path)).outcome is Outcome.UNKNOWN
    path.unlink()
    write_keytab(path, keys)
    assert one(check_keytab(path)).outcome is Outcome.CURRENT


def test_a_type_that_the_account_has_no_key_of(subject: Subject, tmp_path: Path) -> None:
    path = tmp_path / "account.keytab"
    source = Password(subject.service.principal, subject.service.password)
    write_keytab(path, keys_from_password(source, kvno=1, salt=None, enctypes=[20]))
    verdict = one(check_keytab(path))
    assert verdict.outcome is Outcome.NO_ENCTYPE
    assert "aes256-cts-hmac-sha384-192" in verdict.text


def test_whoever_asks_needs_a_ticket(subject: Subject, tmp_path: Path) -> None:
    path = written(subject, tmp_path / "spn.keytab")
    with pytest.raises(CredentialError, match="/nonexistent/cache"):
        check_keytab(path, credential=CredentialCache("FILE:/nonexistent/cache"))


def test_no_kdc_is_no_verdict(subject: Subject, tmp_path: Path) -> None:
    path = tmp_path / "account.keytab"
    keys = keys_from_keytab(subject.keytab, subject.service.name)
    write_keytab(path, [key.renamed("svc@NOWHERE.TEST") for key in keys])
    with pytest.raises(MechanismError, match=r"NOWHERE\.TEST"):
        check_keytab(path)


def test_three_part_names(ad_realm: SambaRealm, tmp_path: Path) -> None:
    spn = "Deep/app1.example.test/CN=Deep,CN=APP1,CN=Computers,DC=example,DC=test"
    service = ad_realm.add_service("deepsvc", spn)
    verdicts = check_keytab(service.keytab, [ServicePrincipalName.parse(spn)])
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CURRENT]
    assert [verdict.outcome for verdict in check_keytab(service.keytab)] == [Outcome.CURRENT] * 2
