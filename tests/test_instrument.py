"""What the instruments see of a connection, and that they change nothing else."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from asyncauth import (
    AuthenticatedStream,
    AuthorizationError,
    ConnectionInfo,
    PeerRejected,
    Policy,
    ServicePrincipalName,
    TargetError,
)
from asyncauth._parts import Part, listening, part, tell_tickets
from asyncauth.abc import Mechanism, StepResult
from asyncauth.instrument import Measured, Observer, Phase, Timed, TimedStream, Times, timed_policy
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate, Password

from .services import TWO_PARTS, House

pytestmark = pytest.mark.anyio


ANYBODY = Policy()


class Noted(list[Measured]):
    """An observer that keeps everything."""

    def __call__(self, measured: Measured, /) -> None:
        self.append(measured)

    def of(self, phase: Phase) -> list[str]:
        return [measured.call for measured in self if measured.phase == phase]


@asynccontextmanager
async def connected(
    client: tuple[Mechanism, Observer], server: tuple[Mechanism, Observer], policy: Policy = ANYBODY
) -> AsyncIterator[tuple[AuthenticatedStream, AuthenticatedStream]]:
    ends = [await anyio.abc.SocketStream.from_socket(end) for end in socket.socketpair()]
    accepted: list[AuthenticatedStream] = []

    async def accept() -> None:
        mechanism, observer = server
        inner = TimedStream(ends[1], observer)
        accepted.append(
            await AuthenticatedStream.wrap(
                inner, Timed(mechanism, observer), require=timed_policy(policy, observer)
            )
        )

    async with anyio.create_task_group() as group:
        group.start_soon(accept)
        mechanism, observer = client
        inner = TimedStream(ends[0], observer)
        stream = await AuthenticatedStream.wrap(inner, Timed(mechanism, observer), target=TWO_PARTS)
    async with stream, accepted[0]:
        yield stream, accepted[0]


@pytest.fixture
def alice(house: House) -> Negotiate:
    return Negotiate(CredentialCache(house.cache))


@pytest.fixture
def service(house: House) -> Negotiate:
    return Negotiate(Keytab(house.service.keytab))


async def test_each_phase_of_a_connection(alice: Negotiate, service: Negotiate) -> None:
    client, server = Noted(), Noted()

    async def anybody(info: ConnectionInfo) -> bool:
        return True

    async with connected((alice, client), (service, server), Policy(authorize=anybody)) as (here, there):
        assert client.of(Phase.CREDENTIALS).count("step") == 1  # of the first one, which waits
        assert client.of(Phase.POLICY) == ["info"]
        assert {"send", "receive"} <= set(client.of(Phase.NETWORK))
        assert server.of(Phase.POLICY) == ["info", "authorize"]
        assert "step" in server.of(Phase.TOKENS) + server.of(Phase.CREDENTIALS)
        assert not client.of(Phase.MESSAGES)
        await here.send(b"hello")
        assert await there.receive() == b"hello"
        assert [(one.call, one.size) for one in client if one.phase is Phase.MESSAGES] == [("wrap", 5)]
        assert server.of(Phase.MESSAGES) == ["unwrap"]
    assert all(measured.seconds >= 0 for measured in client + server)


async def test_kept_credentials_do_not_wait(alice: Negotiate, service: Negotiate) -> None:
    for kept in (False, True):
        client = Noted()
        async with connected((alice, client), (service, Noted())):
            assert client.of(Phase.CREDENTIALS).count("step") == (not kept)
            assert client.of(Phase.INSTRUMENTS) == ["step"] * (not kept)


async def test_the_kdc_is_a_phase_of_its_own_where_it_was_asked(house: House, service: Negotiate) -> None:
    fresh = CredentialCache(house.realm.ticket("alice"))
    for ticket_is_there in (False, True):
        client = Noted()
        async with connected((Negotiate(fresh), client), (service, Noted())):
            pass
        assert client.of(Phase.KDC) == ["step"] * (not ticket_is_there)
        assert client.of(Phase.TOKENS) == ["step"] * (1 + ticket_is_there)


async def test_logging_in_is_asking_the_kdc(house: House, service: Negotiate) -> None:
    alice = house.realm.users["alice"]
    mechanism, clients = Negotiate(Password(alice.principal, alice.password)), (Noted(), Noted())
    for client in clients:
        async with connected((mechanism, client), (service, Noted())):
            pass
    assert [client.of(Phase.KDC) for client in clients] == [["step"], []]
    assert [client.of(Phase.TOKENS) for client in clients] == [["step"], ["step"] * 2]


async def test_a_kdc_that_refuses_was_asked(alice: Negotiate) -> None:
    seen = Noted()
    context = Timed(alice, seen).initiate(ServicePrincipalName.parse("Nobody/localhost"), Policy())
    assert context.may_wait
    with pytest.raises(TargetError, match="does not know"):
        context.step(None)
    assert seen.of(Phase.KDC) == ["step"]
    assert not seen.of(Phase.TOKENS)


class Untold:
    """The context of a mechanism that waits and tells nothing."""

    may_wait = True

    def initiate(self, target: object, policy: object) -> Untold:
        return self

    def step(self, token: bytes | None) -> StepResult:
        return StepResult(b"token", False)


def test_what_is_not_told_is_credentials() -> None:
    seen = Noted()
    untold: Any = Untold()
    context = Timed(untold, seen).initiate(ServicePrincipalName.parse("a/b"), Policy())
    assert context.may_wait
    assert context.step(b"four").token == b"token"
    assert [(one.phase, one.size) for one in seen if one.call == "step"] == [(Phase.CREDENTIALS, 4)]


def test_parts_within_parts() -> None:
    turns: list[Part | None] = []

    class Heard:
        now: Part | None = None

        def turn(self, to: Part | None, /) -> Part | None:
            before, self.now = self.now, to
            turns.append(to)
            return before

        def tickets(self, known: Iterable[object], /) -> None:
            assert (list(known), self.now) == ([1], Part.INSTRUMENTS)

    with part(Part.KDC):  # nobody listens
        tell_tickets(lambda: pytest.fail("nobody asked"))
    with listening(Heard()):
        with part(Part.CREDENTIALS), pytest.raises(ValueError, match="within"), part(Part.KDC):
            raise ValueError("within")
        tell_tickets(lambda: [1])
    expected = [Part.CREDENTIALS, Part.KDC, Part.CREDENTIALS, None, Part.INSTRUMENTS, None]
    assert turns == expected


async def test_a_refusal_is_measured_and_stays_one(alice: Negotiate, service: Negotiate) -> None:
    server = Noted()

    async def nobody(info: ConnectionInfo) -> bool:
        return False

    with pytest.raises(ExceptionGroup) as raised:
        async with connected((alice, Noted()), (service, server), Policy(authorize=nobody)):
            pytest.fail("it was let in")
    assert server.of(Phase.POLICY) == ["info", "authorize"]
    assert {type(error) for error in raised.value.exceptions} <= {AuthorizationError, PeerRejected}


async def test_waiting_that_is_cancelled_is_measured(alice: Negotiate, service: Negotiate) -> None:
    client = Noted()
    async with connected((alice, client), (service, Noted())) as (here, there):
        client.clear()
        with anyio.move_on_after(0.05):
            await here.receive()
        (waited,) = client
        assert (waited.phase, waited.call, waited.size) == (Phase.NETWORK, "receive", 0)
        assert waited.seconds > 0.04
        await there.send(b"not lost")
        assert await here.receive() == b"not lost"


def test_times_add_up() -> None:
    times = Times()
    for size in (1, 2):
        times(Measured(Phase.MESSAGES, "wrap", 0.5, size))
    assert times.seconds[Phase.MESSAGES] == 1.0
    assert times.calls[Phase.MESSAGES] == 2
    assert times.bytes[Phase.MESSAGES] == 3
    assert times.seconds[Phase.TOKENS] == times.calls[Phase.TOKENS] == 0
    assert str(times) == "messages 1,000,000 us in 2"
    times.clear()
    assert str(times) == ""


def test_the_rest_is_the_mechanisms_own(alice: Negotiate) -> None:
    timed = Timed(alice, Times())
    assert (timed.name, timed.credential, timed.bulk) == ("negotiate", alice.credential, True)
    assert isinstance(timed, Mechanism)
    assert timed_policy(policy := Policy(), Times()) is policy


def test_keys_are_read_and_measured(service: Negotiate) -> None:
    seen = Noted()
    Timed(service, seen).prepare_server()
    assert seen.of(Phase.CREDENTIALS) == ["prepare_server"]
