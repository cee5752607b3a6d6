"""What NTLM through pyspnego does with messages, signatures, bindings and accounts at the edges."""

from __future__ import annotations

import hashlib
import logging
import struct
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import spnego
import spnego._ntlm

from asyncauth import CredentialError, IntegrityError, MechanismError, Policy, Protection, Target
from asyncauth.abc import Framing
from asyncauth.engine import DataReceived
from asyncauth.framings import GssSample, NegotiateStream, Sasl, Winsock
from asyncauth.mechanisms import DefaultCredential, Keytab, Ntlm, Password, UserFile, _pyspnego
from asyncauth.mechanisms._pyspnego import SpnegoContext, client_context, server_context
from asyncauth.testing import EnginePair

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
PASSWORD = "Carols.pa55word"
FRAMINGS = [NegotiateStream, Winsock, GssSample, Sasl]
BINDINGS = b"tls-server-end-point:" + bytes(range(32))


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"EXAMPLE:carol:{PASSWORD}\n")
    return path


def contexts(users: Path, require: Protection = Protection.SEAL) -> tuple[SpnegoContext, SpnegoContext]:
    """Both ends, when they are done."""
    policy = Policy(require, mutual=False)
    client = client_context("ntlm", Password("EXAMPLE\\carol", PASSWORD), TARGET.spn, policy)
    server = server_context("ntlm", UserFile(users), policy)
    challenge = server.step(client.step(None).token)
    assert server.step(client.step(challenge.token).token).complete
    return client, server


@pytest.mark.parametrize("require", Protection)
@pytest.mark.parametrize("framing", FRAMINGS)
def test_every_level_in_every_framing(users: Path, framing: type[Framing], require: Protection) -> None:
    policy = Policy(require, mutual=False)
    joined = EnginePair(
        Ntlm(Password("EXAMPLE\\carol", PASSWORD)),
        Ntlm(UserFile(users)),
        framing(),
        target=TARGET,
        client_policy=policy,
        server_policy=policy,
    ).run()
    for number in range(5):
        joined.client.engine.send_data(b"to %d" % number)
        joined.server.engine.send_data(b"fro %d" % number)
        joined.run()
    assert (joined.client.error, joined.server.error) == (None, None)
    assert joined.server.engine.info is not None
    assert joined.server.engine.info.protection is require
    for side, words in ((joined.server, b"to"), (joined.client, b"fro")):
        received = b"".join(event.data for event in side.events if isinstance(event, DataReceived))
        assert received == b"".join(b"%b %d" % (words, number) for number in range(5))


def test_what_is_wrapped_is_sealed_even_where_signing_is_enough(users: Path) -> None:
    client, server = contexts(users, Protection.SIGN)
    message = client.wrap(b"a word of five and twenty", False)
    assert b"twenty" not in message
    assert server.unwrap(message) == (b"a word of five and twenty", True)


def test_a_message_that_comes_again_or_in_another_order_is_refused(users: Path) -> None:
    client, server = contexts(users)
    first, second = client.wrap(b"first", True), client.wrap(b"second", True)
    with pytest.raises(IntegrityError, match="altered, lost or repeated"):
        server.unwrap(second)
    client, server = contexts(users)
    first = client.wrap(b"first", True)
    assert server.unwrap(first).data == b"first"
    with pytest.raises(IntegrityError, match="altered, lost or repeated"):
        server.unwrap(first)


def test_a_recorded_handshake_is_refused(users: Path) -> None:
    """Each server's challenge is another."""
    policy = Policy(mutual=False)
    client = client_context("ntlm", Password("EXAMPLE\\carol", PASSWORD), TARGET.spn, policy)
    first = client.step(None).token
    server = server_context("ntlm", UserFile(users), policy)
    second = client.step(server.step(first).token).token
    assert server.step(second).complete
    another = server_context("ntlm", UserFile(users), policy)
    another.step(first)
    with pytest.raises(MechanismError):
        another.step(second)


def test_signatures(users: Path) -> None:
    client, server = contexts(users)
    server.verify(b"data", client.sign(b"data"))
    with pytest.raises(IntegrityError):
        server.verify(b"other data", client.sign(b"data"))


def test_nothing_is_protected_before_the_handshake_is_done() -> None:
    client = client_context("ntlm", Password("a", "b"), TARGET.spn, Policy(mutual=False))
    client.step(None)
    for early in (
        lambda: client.wrap(b"data", True),
        lambda: client.unwrap(bytes(16) + b"data"),
        lambda: client.sign(b"data"),
        lambda: client.verify(b"data", bytes(16)),
    ):
        with pytest.raises(IntegrityError):
            early()


def test_a_library_that_does_not_seal_is_noticed() -> None:
    """SSPI's, which does not run here."""
    careless = SimpleNamespace(wrap=lambda data, encrypt: SimpleNamespace(data=data, encrypted=False))
    context = SpnegoContext(cast("Any", careless), "ADSockAuth/localhost")
    with pytest.raises(IntegrityError, match="did not seal a message for ADSockAuth/localhost"):
        context.wrap(b"data", True)
    assert context.wrap(b"data", False) == b"data"


def test_the_client_binds_its_response_to_the_channel(users: Path) -> None:
    """As MD5 of the gss_channel_bindings_struct in the AV pair MsvAvChannelBindings, 10 ([MS-NLMP] 2.2.2.1)."""
    hashed = hashlib.md5(bytes(16) + struct.pack("<I", len(BINDINGS)) + BINDINGS, usedforsecurity=False)
    pair = struct.pack("<HH", 10, 16)
    policy = Policy(mutual=False)
    for bound in (True, False):
        client = client_context("ntlm", Password("EXAMPLE\\carol", PASSWORD), TARGET.spn, policy)
        if bound:
            client.bind(BINDINGS)
        server = server_context("ntlm", UserFile(users), policy)
        response = client.step(server.step(client.step(None).token).token).token
        assert response is not None
        assert (pair + hashed.digest() in response) is bound


def test_accounts_are_read_at_each_handshake(users: Path) -> None:
    contexts(users)
    users.write_text("EXAMPLE:carol:Another.pa55word\n")
    with pytest.raises(MechanismError):
        contexts(users)


@pytest.mark.parametrize(("level", "taken"), [("3", True), ("5", False)])
def test_responses_of_the_first_version(
    users: Path, monkeypatch: pytest.MonkeyPatch, level: str, taken: bool
) -> None:
    policy = Policy(mutual=False)
    monkeypatch.setenv("LM_COMPAT_LEVEL", "1")
    client = client_context("ntlm", Password("EXAMPLE\\carol", PASSWORD), TARGET.spn, policy)
    monkeypatch.setenv("LM_COMPAT_LEVEL", level)
    server = server_context("ntlm", UserFile(users), policy)
    response = client.step(server.step(client.step(None).token).token).token
    if taken:
        assert server.step(response).complete
    else:
        with pytest.raises(MechanismError):
            server.step(response)


def test_ntlm_within_spnego_is_not_understood(users: Path) -> None:
    """Which is what Negotiate falls back to."""
    client = spnego.client(
        "EXAMPLE\\carol", PASSWORD, protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate
    )
    token = client.step()
    assert token is not None
    assert b"NTLMSSP" in token
    with pytest.raises(MechanismError):
        server_context("ntlm", UserFile(users), Policy(mutual=False)).step(token)


def test_without_an_account_of_its_own_a_client_has_that_of_the_environment(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    context = client_context("ntlm", DefaultCredential(), TARGET.spn, Policy(mutual=False))
    server = server_context("ntlm", UserFile(users), Policy(mutual=False))
    server.step(context.step(server.step(context.step(None).token).token).token)
    assert str(server.info().peer) == "EXAMPLE\\carol"


def test_credentials_that_are_not_for_it(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot be used here"):
        client_context("ntlm", Keytab(tmp_path / "a.keytab"), TARGET.spn, Policy(mutual=False))
    with pytest.raises(MechanismError, match="the handshake with the client failed"):
        server_context("unheard of", DefaultCredential(), Policy(mutual=False))


@pytest.mark.parametrize(
    ("before", "after"),
    [(logging.NOTSET, logging.INFO), (logging.DEBUG, logging.DEBUG)],
    ids=["unset", "set"],
)
def test_its_log_is_quiet_unless_somebody_wants_it(
    monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    """When our module is loaded; here once more, and under another name."""
    log = logging.getLogger("spnego")
    monkeypatch.setattr(log, "level", before)
    monkeypatch.setattr(spnego._ntlm, "_get_credential_file", spnego._ntlm._get_credential_file)
    spec = spec_from_file_location("asyncauth.mechanisms._pyspnego_again", _pyspnego.__file__)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(module_from_spec(spec))
    assert log.level == after
