"""What was found wrong in pyspnego, the library that a Python program would use without us, and what we do there.

Nine findings; each test says which.
"""

from __future__ import annotations

import base64
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asyncauth import (
    Binding,
    CredentialError,
    IntegrityError,
    MechanismError,
    Policy,
    ProtectionError,
    ServicePrincipalName,
    Target,
    TargetError,
)
from asyncauth.abc import Mechanism, SecurityContext
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate, Ntlm, Password
from asyncauth.testing import EnginePair

from ..services import OTHERS, THREE_PARTS, TWO_PARTS, House

SPN = ServicePrincipalName.parse(THREE_PARTS)
KRB_ERROR = b"\x03\x00"


@pytest.fixture(params=[Negotiate, Kerberos])
def kind(request: pytest.FixtureRequest) -> type[Negotiate]:
    made: type[Negotiate] = request.param
    return made


@pytest.fixture
def alice(house: House, kind: type[Negotiate]) -> Mechanism:
    return kind(CredentialCache(house.cache))


@pytest.fixture
def sockauth(house: House, kind: type[Negotiate]) -> Mechanism:
    return kind(Keytab(house.service.keytab))


def first_token(mechanism: Mechanism, spn: str = THREE_PARTS) -> bytes:
    token = mechanism.initiate(ServicePrincipalName.parse(spn), Policy()).step(None).token
    assert token is not None
    return token


def test_1_the_true_error_comes_out_and_so_does_the_token_for_the_peer(
    house: House, kind: type[Negotiate], sockauth: Mechanism
) -> None:
    """There: AttributeError for seven different faults, and the KRB-ERROR is lost."""
    theirs = first_token(kind(CredentialCache(house.cache)), OTHERS)
    with pytest.raises(TargetError) as refusal:
        sockauth.accept(Policy()).step(theirs)
    assert refusal.value.code
    assert refusal.value.token is not None
    assert KRB_ERROR in refusal.value.token[:40]
    for garbage in (b"hello", b"\x60\x05hello", os.urandom(200), theirs[:-20], theirs[:100]):
        with pytest.raises(MechanismError) as refused:
            sockauth.accept(Policy()).step(garbage)
        assert refused.value.code, garbage
        assert refused.value.message, garbage


def test_2_what_cannot_work_fails_as_a_credential_error_and_not_in_the_constructor(
    realm_env: None, kind: type[Negotiate], tmp_path: Path
) -> None:
    """There: a raw Krb5Error escapes from the constructor."""
    for source in (
        Keytab(tmp_path / "none", "alice@EXAMPLE.TEST"),
        CredentialCache(f"FILE:{tmp_path / 'none'}"),
        Password("nobody@EXAMPLE.TEST", "x"),
    ):
        context = kind(source).initiate(SPN, Policy())
        with pytest.raises(CredentialError):
            context.step(None)


@pytest.fixture
def realm_env(house: House) -> None:
    """The realm's configuration is the process's."""


def test_3_a_constructor_asks_nobody(kind: type[Negotiate], tmp_path: Path) -> None:
    """There: 27 seconds with a silent KDC. In a process of its own, whose only KDC never answers."""
    with silence() as port:
        done = subprocess.run(
            [sys.executable, "-c", CONSTRUCT, kind.__name__],
            env={**os.environ, "KRB5_CONFIG": str(configured(tmp_path, port))},
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    seconds, waits = done.stdout.split()
    assert float(seconds) < 2
    assert waits == "True"


CONSTRUCT = """
import sys, time
from asyncauth import Policy, ServicePrincipalName
from asyncauth import mechanisms
begun = time.monotonic()
mechanism = getattr(mechanisms, sys.argv[1])(mechanisms.Password("alice@SILENT.TEST", "x"))
context = mechanism.initiate(ServicePrincipalName.parse("http/app1.silent.test"), Policy())
print(time.monotonic() - begun, context.may_wait)
"""


@contextmanager
def silence() -> Iterator[int]:
    """A port that takes datagrams and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield deaf.getsockname()[1]


def configured(directory: Path, port: int) -> Path:
    path = directory / "silent.conf"
    path.write_text(
        f"[libdefaults]\ndefault_realm = SILENT.TEST\n[realms]\nSILENT.TEST = {{\n kdc = 127.0.0.1:{port}\n}}\n"
    )
    return path


def test_4_a_keytab_makes_a_server(alice: Mechanism, sockauth: Mechanism) -> None:
    """There: refused on Linux, "No applicable credentials"."""
    assert sockauth.accept(Policy()).step(first_token(alice)).complete


def test_5_there_is_no_ntlm_under_negotiate(house: House, kind: type[Negotiate], sockauth: Mechanism) -> None:
    """There: a wrong password makes an NTLM token."""
    with pytest.raises(CredentialError) as refused:
        kind(Password("alice@EXAMPLE.TEST", "wrong")).initiate(SPN, Policy()).step(None)
    assert refused.value.token is None
    ntlm = Ntlm(Password("EXAMPLE\\alice", "x")).initiate(SPN, Policy(mutual=False)).step(None).token
    assert ntlm is not None
    assert ntlm.startswith(b"NTLMSSP\0")
    with pytest.raises(MechanismError):
        sockauth.accept(Policy(mutual=False)).step(ntlm)
    assert b"NTLMSSP" not in first_token(kind(CredentialCache(house.cache)))


@pytest.mark.parametrize("sends", [Binding.OFF, Binding.OFFERED])
def test_6_whether_the_client_sent_bindings_is_known(
    alice: Mechanism, sockauth: Mechanism, sends: Binding
) -> None:
    """There: the flag is not in its attribute map."""
    client, server = alice.initiate(SPN, Policy(target_binding=sends)), sockauth.accept(Policy())
    server.step(client.step(None).token)
    assert server.info().bound.target is (sends is Binding.OFFERED)


def test_7_a_message_that_was_only_signed_is_an_error_where_sealing_was_agreed(
    house: House, alice: Mechanism, sockauth: Mechanism
) -> None:
    """There: it is handed over like any other."""
    pair = EnginePair(alice, sockauth, Winsock(), target=house.target(1)).run()
    context: SecurityContext = pair.client.engine._context
    message = context.wrap(b"anybody can read this", False)
    pair.server.engine.receive_data(len(message).to_bytes(4, "little") + message)
    pair.server.turn()
    assert isinstance(pair.server.error, IntegrityError)
    assert "signed but not sealed" in str(pair.server.error)


def test_8_a_client_that_asks_for_no_proof_gets_none_and_is_refused(
    house: House, alice: Mechanism, sockauth: Mechanism
) -> None:
    """There: it is complete after its first token, and nobody says a word."""
    lenient = Policy(mutual=False)
    pair = EnginePair(alice, sockauth, NegotiateStream(), target=house.target(1), client_policy=lenient).run()
    assert isinstance(pair.server.error, ProtectionError)
    assert "did not ask this server to prove its identity" in str(pair.server.error)
    strict = alice.initiate(SPN, Policy())
    assert not strict.step(None).complete


def test_9_no_token_is_logged_at_any_level(
    house: House,
    alice: Mechanism,
    sockauth: Mechanism,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There: whole tokens in base64, as soon as a program debugs itself."""
    users = tmp_path / "users"
    users.write_text("EXAMPLE:carol:Carols.pa55word\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    caplog.set_level(logging.DEBUG)
    carol = Ntlm(Password("EXAMPLE\\carol", "Carols.pa55word"))
    lenient = Policy(mutual=False)
    pairs = [
        EnginePair(alice, sockauth, NegotiateStream(), target=house.target(1)),
        EnginePair(
            carol,
            Ntlm(),
            NegotiateStream(),
            target=Target("localhost", 1, TWO_PARTS),
            client_policy=lenient,
            server_policy=lenient,
        ),
    ]
    for pair in pairs:
        pair.run()
        assert pair.server.engine.info is not None, pair.server.error
        for said in (pair.client.wrote, pair.server.wrote):
            token = said[5:]
            for text in (token.hex(), base64.b64encode(token).decode(), repr(token)):
                assert text[:40] not in caplog.text
    assert "pa55word" not in caplog.text
