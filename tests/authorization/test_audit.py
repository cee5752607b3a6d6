"""The audit line."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import ConnectionInfo, Peer, ServicePrincipalName
from asyncauth._claims import LazyClaims
from asyncauth.authorization import Allow, Decision, audit, audited

from .people import DOMAIN, claims, client, info, unreadable

LOGGER = "asyncauth.audit"
FIELDS = {
    "decision", "peer", "realm", "sid", "mechanism", "protection", "target", "framing", "address", "rule", "reason",
    "authzid",
}  # fmt: skip


class Kept(logging.Handler):
    """Keeps records, at INFO, of the audit logger only."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def logged(about: ConnectionInfo, decision: Decision) -> logging.LogRecord:
    logger, kept = logging.getLogger(LOGGER), Kept()
    before = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    try:
        audit(about, decision)
    finally:
        logger.removeHandler(kept)
        logger.setLevel(before)
    (record,) = kept.records
    return record


def test_one_line_says_who_and_why() -> None:
    spn = ServicePrincipalName.parse("http/app1.example.test")
    about = replace(client(told=claims()), target=spn, address="[::1]:50123", authzid="bob")
    record = logged(about, Decision(True, "alice is allowed by *@EXAMPLE.TEST", "*@EXAMPLE.TEST"))
    assert record.levelno == logging.INFO
    assert record.getMessage() == (
        f"decision=allowed peer=alice@EXAMPLE.TEST realm=EXAMPLE.TEST sid={DOMAIN}-1103 authzid=bob mechanism=kerberos"
        " protection=seal target=http/app1.example.test framing=nns address=[::1]:50123 rule=*@EXAMPLE.TEST"
        ' reason="alice is allowed by *@EXAMPLE.TEST"'
    )
    assert {name: getattr(record, name) for name in ("peer", "sid", "target", "rule")} == {
        "peer": "alice@EXAMPLE.TEST", "sid": f"{DOMAIN}-1103", "target": str(spn), "rule": "*@EXAMPLE.TEST",
    }  # fmt: skip


def test_a_refusal_is_a_warning() -> None:
    record = logged(info(None, "ntlm"), Decision(False, "no name"))
    assert record.levelno == logging.WARNING
    assert (
        record.getMessage() == 'decision=refused mechanism=ntlm protection=seal framing=nns reason="no name"'
    )
    assert vars(record).keys() >= FIELDS
    assert (vars(record)["peer"], vars(record)["sid"]) == (None, None)


@given(st.text(max_size=30), st.text(max_size=30), st.none() | st.text(max_size=10))
def test_no_name_makes_a_line_or_a_field(name: str, reason: str, rule: str | None) -> None:
    record = logged(client(name), Decision(False, reason, rule))
    assert record.getMessage().isprintable()
    values = [vars(record)[field] for field in FIELDS]
    assert all(value is None or value.isprintable() for value in values)
    record.getMessage().encode()


def test_a_name_cannot_pretend_to_be_more_fields() -> None:
    name = 'mallory" decision=allowed peer="alice\r\n\x1b[2J\u202e@EXAMPLE.TEST'
    record = logged(client(name), Decision(False, "mallory is not allowed"))
    assert (
        r'decision=refused peer="mallory\" decision=allowed peer=\"alice\\r\\n\\x1b[2J\\u202e@EXAMPLE.TEST" realm='
        in record.getMessage()
    )


def test_a_pac_that_cannot_be_read_leaves_the_sid_out() -> None:
    record = logged(unreadable(), Decision(False, "its PAC cannot be read"))
    assert "sid=" not in record.getMessage()


def test_nothing_is_worked_out_for_a_line_that_nobody_wants() -> None:
    def find() -> None:
        raise AssertionError

    logger = logging.getLogger(LOGGER)
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        audit(info(Peer("alice@A.TEST", LazyClaims(find))), Decision(True, "yes"))
    finally:
        logger.setLevel(before)


@pytest.mark.anyio
async def test_each_answer_of_an_audited_callback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    authorize = audited(Allow(["alice@*"]))
    with caplog.at_level(logging.INFO, LOGGER):
        assert await authorize(client())
        assert not await authorize(client("bob@EXAMPLE.TEST"))
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
