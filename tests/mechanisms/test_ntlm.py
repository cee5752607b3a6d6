"""NTLM through pyspnego: only by name, and never mutual."""

from __future__ import annotations

from pathlib import Path
from traceback import TracebackException

import pytest

from asyncauth import (
    Binding,
    CredentialError,
    IntegrityError,
    MechanismError,
    Policy,
    Protection,
    ProtectionError,
    Target,
    TargetError,
)
from asyncauth.engine import DataReceived
from asyncauth.framings import NegotiateStream
from asyncauth.mechanisms import Kerberos, Ntlm, Password, UserFile
from asyncauth.mechanisms._pyspnego import client_context
from asyncauth.testing import EnginePair

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
LENIENT = Policy(mutual=False)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NTLM_USER_FILE", raising=False)


@pytest.fixture
def accounts(tmp_path: Path) -> Ntlm:
    """A server with carol's account."""
    users = tmp_path / "users"
    users.write_text(f"EXAMPLE:carol:{PASSWORD}\n")
    return Ntlm(UserFile(users))


PASSWORD = "Carols.pa55word"


def pair(accounts: Ntlm, client: Policy, server: Policy, password: str = PASSWORD) -> EnginePair:
    mechanism = Ntlm(Password("EXAMPLE\\carol", password))
    return EnginePair(
        mechanism, accounts, NegotiateStream(), target=TARGET, client_policy=client, server_policy=server
    ).run()


def test_it_works_where_mutual_is_given_up_by_name(accounts: Ntlm) -> None:
    joined = pair(accounts, LENIENT, LENIENT)
    assert joined.client.error is None
    info = joined.server.engine.info
    assert info is not None
    assert (info.mechanism, info.mutual, info.protection) == ("ntlm", False, Protection.SEAL)
    assert str(info.peer) == "EXAMPLE\\carol"
    joined.client.engine.send_data(b"hello")
    joined.run()
    assert joined.server.events[-1] == DataReceived(b"hello")


@pytest.mark.parametrize("strict", ["client", "server"])
def test_a_policy_that_requires_mutual_refuses_it(accounts: Ntlm, strict: str) -> None:
    joined = pair(
        accounts, Policy() if strict == "client" else LENIENT, Policy() if strict == "server" else LENIENT
    )
    failed = joined.client if strict == "client" else joined.server
    assert isinstance(failed.error, ProtectionError)
    assert "ntlm" in str(failed.error)


def test_a_wrong_password_is_refused_and_not_shown(accounts: Ntlm) -> None:
    joined = pair(accounts, LENIENT, LENIENT, "wrong pa55word")
    assert isinstance(joined.server.error, MechanismError)
    assert "pa55word" not in f"{joined.server.error} {joined.client.error}"


def test_an_altered_message_is_refused(accounts: Ntlm) -> None:
    joined = pair(accounts, LENIENT, LENIENT)
    joined.client.engine.send_data(b"hello")
    message = bytearray(joined.client.engine.data_to_send())
    message[-1] ^= 1
    joined.server.engine.receive_data(message)
    joined.server.turn()
    assert isinstance(joined.server.error, IntegrityError)


def test_two_servers_with_files_of_their_own(accounts: Ntlm, tmp_path: Path) -> None:
    """In one process, and at the same time."""
    theirs = tmp_path / "others"
    theirs.write_text("EXAMPLE:dave:Daves.pa55word\n")
    others = Ntlm(UserFile(theirs))
    for _ in range(3):
        assert pair(accounts, LENIENT, LENIENT).server.engine.info is not None
        assert isinstance(pair(others, LENIENT, LENIENT).server.error, MechanismError)


def test_a_file_that_is_named_is_not_replaced(
    accounts: Ntlm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the one that the environment names, which is for servers that name none."""
    assert isinstance(accounts.credential, UserFile)
    monkeypatch.setenv("NTLM_USER_FILE", str(accounts.credential.path))
    assert pair(Ntlm(), LENIENT, LENIENT).server.engine.info is not None
    missing = Ntlm(UserFile(tmp_path / "none"))
    with pytest.raises(CredentialError, match="cannot be read"):
        missing.accept(LENIENT)
    empty = tmp_path / "empty"
    empty.touch()
    assert isinstance(pair(Ntlm(UserFile(empty)), LENIENT, LENIENT).server.error, MechanismError)


def test_a_user_file_is_for_ntlm_servers(accounts: Ntlm) -> None:
    source = accounts.credential
    with pytest.raises(CredentialError, match=r"the user file .* cannot be used"):
        Kerberos(source).accept(LENIENT)
    with pytest.raises(CredentialError, match=r"the user file .* cannot be used"):
        Kerberos(source).initiate(TARGET.spn, LENIENT).step(None)
    with pytest.raises(CredentialError, match=r"the user file .* cannot be used"):
        Ntlm(source).initiate(TARGET.spn, LENIENT)
    with pytest.raises(CredentialError, match="the password of x cannot be used for a ntlm server"):
        Ntlm(Password("x", "y")).accept(LENIENT)


def test_channel_bindings_that_are_required_are_not_believed(accounts: Ntlm) -> None:
    """pyspnego does not say whether the client sent any."""
    bound = Policy(mutual=False, channel_binding=Binding.REQUIRED)
    joined = EnginePair(
        Ntlm(Password("EXAMPLE\\carol", PASSWORD)),
        accounts,
        NegotiateStream(),
        target=TARGET,
        client_policy=LENIENT,
        server_policy=bound,
    )
    for side in (joined.client, joined.server):
        side.engine.bind(b"tls-server-end-point:" + bytes(32))
    joined.run()
    assert isinstance(joined.server.error, ProtectionError)


def test_nothing_proves_which_spn_was_asked_for(accounts: Ntlm) -> None:
    info = pair(accounts, LENIENT, LENIENT).server.engine.info
    assert info is not None
    assert (info.target, info.claimed_target, info.target_proven) == (None, None, False)
    required = Policy(mutual=False, target_binding=Binding.REQUIRED)
    assert isinstance(pair(accounts, LENIENT, required).server.error, TargetError)


def test_a_password_is_in_no_traceback() -> None:
    """Not even with the values of all variables."""
    source = Password("EXAMPLE\\carol", PASSWORD)
    try:
        client_context("unheard of", source, TARGET.spn, LENIENT)
    except MechanismError as error:
        shown = TracebackException.from_exception(error, capture_locals=True)
        assert PASSWORD not in "".join(shown.format())
    else:
        pytest.fail("there is no such mechanism")
