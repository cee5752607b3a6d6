"""KDCs that do not answer, and clocks that differ."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

import asyncauth
from asyncauth import AsyncAuthError, HandshakeTimeout, MechanismError, Target, connect
from asyncauth.failures import failure, lookup
from asyncauth.mechanisms import CredentialCache, Kerberos, Negotiate, Password
from asyncauth.testing import Realm
from asyncauth.testing._household import clean_environment, find_program
from asyncauth.testing.plugin import without

from ..services import TWO_PARTS, House
from .provoked import SEAL, explained, first_step, kinds, row, shown, spn

KDC_UNREACH, SKEW, TKT_NYV = "-1765328228", "-1765328347", "-1765328351"
ROOT = Path(__file__).parents[2]
SILENT = "[realms]\n ELSEWHERE.TEST = {{\n  kdc = {}\n }}\n"
CLIENT = Password("alice@ELSEWHERE.TEST", "whatever")


@row(9)
@kinds
@pytest.mark.parametrize("kdc", ["127.0.0.1:1", "no-such-host.invalid:88"])
def test_a_kdc_that_is_not_there(conf: Path, kind: type[Negotiate], kdc: str) -> None:
    conf.write_text(SILENT.format(kdc))
    shown(
        9, MechanismError, KDC_UNREACH, "ELSEWHERE.TEST", "port 88", when=first_step(kind(CLIENT), TWO_PARTS)
    )


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a KDC that takes what comes over UDP and TCP, and never answers."""
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = tcp.getsockname()[1]
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", port))
        yield f"127.0.0.1:{port}"


@row(9)
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_kdc_that_is_silent(conf: Path, silent: str) -> None:
    """It costs our own timeout, and not the half minute that the library would wait."""
    conf.write_text(SILENT.format(silent))
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        began = time.monotonic()
        with pytest.raises(HandshakeTimeout) as caught:
            await connect(Target("127.0.0.1", port, TWO_PARTS), Negotiate(CLIENT), handshake_timeout=0.5)
    assert time.monotonic() - began < 3
    error = caught.value
    assert "0.5 s" in str(error)
    assert error.fix
    assert error.cause
    assert "KDC" in error.cause
    found = lookup(type(error).__name__)
    assert [each.failures for each in found] == [(failure(9),)]


def faked(realm: Realm, conf: Path, offset: str, work: str, *given: str) -> AsyncAuthError | None:
    """What a process says whose clock is ``offset`` away: the error, or None if there was none."""
    faketime = find_program("faketime") or without("no other clocks: install the Debian package faketime")
    done = subprocess.run(
        [faketime, "-f", offset, sys.executable, "-m", "tests.failures.clocked", work],
        input=json.dumps(given),
        env=clean_environment(KRB5_CONFIG=f"{conf}:{realm.config}"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = json.loads(done.stdout)
    if not said:
        return None
    kind, message, token = said.pop("class"), said.pop("message"), said.pop("token")
    error: AsyncAuthError = getattr(asyncauth, kind)(message, **said)
    error.token = token and bytes.fromhex(token)  # type: ignore[attr-defined]
    return error


@row(15)
@kinds
def test_a_server_whose_clock_is_fast(either_house: House, conf: Path, kind: type[Negotiate]) -> None:
    """It says so, and its error token says it to the client."""
    client = kind(CredentialCache(either_house.cache)).initiate(spn(TWO_PARTS), SEAL)
    token, _ = client.step(None)
    assert token is not None
    path = str(either_house.service.keytab)
    error = faked(either_house.realm, conf, "+10m", "accept", kind.__name__, path, token.hex())
    assert error is not None
    explained(15, error, MechanismError, SKEW, "this machine and of the client", "five minutes")
    answer = error.token  # type: ignore[attr-defined]
    shown(15, MechanismError, SKEW, TWO_PARTS, "its clock and ours", when=lambda: client.step(answer))


@row(15)
@pytest.mark.parametrize("offset", ["+10m", "-10m"])
def test_a_client_whose_clock_is_wrong(either_house: House, conf: Path, offset: str) -> None:
    """The library corrects it by what the KDC says (kdc_timesync); where it may not, the KDC refuses."""
    realm, alice = either_house.realm, either_house.realm.users["alice"]
    given = alice.principal, alice.password, TWO_PARTS
    assert faked(realm, conf, offset, "log_in", "Negotiate", *given) is None
    conf.write_text("[libdefaults]\n kdc_timesync = 0\n")
    error = faked(realm, conf, offset, "log_in", "Negotiate", *given)
    assert error is not None
    explained(15, error, MechanismError, SKEW, f"the KDC of {realm.name}", "synchronise")


@row(31)
@kinds
def test_a_ticket_from_the_future(either_house: House, conf: Path, kind: type[Negotiate]) -> None:
    """A new ticket, and a server whose clock is behind."""
    realm = either_house.realm
    client = kind(CredentialCache(realm.ticket("alice"))).initiate(spn(TWO_PARTS), SEAL)
    token, _ = client.step(None)
    assert token is not None
    path = str(either_house.service.keytab)
    error = faked(realm, conf, "-10m", "accept", kind.__name__, path, token.hex())
    assert error is not None
    explained(31, error, MechanismError, TKT_NYV, "the client's ticket", "synchronise")
    answer = error.token  # type: ignore[attr-defined]
    shown(31, MechanismError, TKT_NYV, TWO_PARTS, "not valid yet", when=lambda: client.step(answer))


@row(31)
def test_a_machine_whose_clock_is_behind(either_house: House, conf: Path) -> None:
    """Both ends on one machine, which got its ticket before the clock went wrong."""
    realm = either_house.realm
    cache = realm.ticket("alice")
    Kerberos(CredentialCache(cache)).initiate(spn(TWO_PARTS), SEAL).step(None)
    path = str(either_house.service.keytab)
    error = faked(realm, conf, "-10m", "both", "Kerberos", cache, path, TWO_PARTS)
    assert error is not None
    explained(31, error, MechanismError, TKT_NYV, TWO_PARTS)
