"""NTLM through pyspnego: only by name, and never mutual."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncauth import IntegrityError, MechanismError, Policy, Protection, ProtectionError, Target
from asyncauth.engine import DataReceived
from asyncauth.framings import NegotiateStream
from asyncauth.mechanisms import Ntlm, Password
from asyncauth.testing import EnginePair

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
LENIENT = Policy(mutual=False)


@pytest.fixture(autouse=True)
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = tmp_path / "users"
    users.write_text(f"EXAMPLE:carol:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))


PASSWORD = "Carols.pa55word"


def pair(client: Policy, server: Policy, password: str = PASSWORD) -> EnginePair:
    mechanism = Ntlm(Password("EXAMPLE\\carol", password))
    return EnginePair(
        mechanism, Ntlm(), NegotiateStream(), target=TARGET, client_policy=client, server_policy=server
    ).run()


def test_it_works_where_mutual_is_given_up_by_name() -> None:
    joined = pair(LENIENT, LENIENT)
    assert joined.client.error is None
    info = joined.server.engine.info
    assert info is not None
    assert (info.mechanism, info.mutual, info.protection) == ("ntlm", False, Protection.SEAL)
    assert str(info.peer) == "EXAMPLE\\carol"
    joined.client.engine.send_data(b"hello")
    joined.run()
    assert joined.server.events[-1] == DataReceived(b"hello")


@pytest.mark.parametrize("strict", ["client", "server"])
def test_a_policy_that_requires_mutual_refuses_it(strict: str) -> None:
    joined = pair(Policy() if strict == "client" else LENIENT, Policy() if strict == "server" else LENIENT)
    failed = joined.client if strict == "client" else joined.server
    assert isinstance(failed.error, ProtectionError)
    assert "ntlm" in str(failed.error)


def test_a_wrong_password_is_refused_and_not_shown() -> None:
    joined = pair(LENIENT, LENIENT, "wrong pa55word")
    assert isinstance(joined.server.error, MechanismError)
    assert "pa55word" not in f"{joined.server.error} {joined.client.error}"


def test_an_altered_message_is_refused() -> None:
    joined = pair(LENIENT, LENIENT)
    joined.client.engine.send_data(b"hello")
    message = bytearray(joined.client.engine.data_to_send())
    message[-1] ^= 1
    joined.server.engine.receive_data(message)
    joined.server.turn()
    assert isinstance(joined.server.error, IntegrityError)
