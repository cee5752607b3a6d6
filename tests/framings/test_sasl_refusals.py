"""What ends that speak SASL refuse: each other, and whoever breaks the rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import (
    AsyncAuthError,
    AuthorizationError,
    IntegrityError,
    MechanismError,
    PeerRejected,
    Policy,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    Role,
    TruncatedStream,
)
from asyncauth.engine import Connection, DataReceived
from asyncauth.framings import Sasl
from asyncauth.testing import EnginePair, ScriptedMechanism, Side

from .sasl_ends import (
    BAD,
    COMPLETE,
    ERROR,
    MECHANISM,
    NAMES,
    OK,
    START,
    TARGET,
    flipped,
    frame,
    frames,
    pair,
    sent,
)

NONE, SIGN, SEAL = Protection


# --- refused -----------------------------------------------------------------------------------------------


def failing(name: str = "GSSAPI", **options: object) -> EnginePair:
    """Ends that will not agree."""
    return pair(Sasl(name), None, **options).run()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_a_token_that_is_refused(name: str) -> None:
    ends = failing(name, mechanism=ScriptedMechanism(fails_at=0, tokens=3))
    assert isinstance(ends.client.error, MechanismError)  # its own first step
    server = Side(Connection(Role.SERVER, MECHANISM.accept(Policy()), Sasl(name)))  # type: ignore[arg-type]
    server.engine.receive_data(frame(START, name.encode()) + frame(OK, b"rubbish"))
    assert frames(server.says()) == [(BAD, b"authentication failed")]
    assert isinstance(server.error, MechanismError)


@pytest.mark.parametrize("name", NAMES)
def test_too_little_protection(name: str) -> None:
    mechanism = ScriptedMechanism(reaches=SIGN)
    ends = failing(name, mechanism=mechanism, client_policy=Policy(NONE))
    assert isinstance(ends.server.error, ProtectionError)
    assert isinstance(ends.client.error, PeerRejected)


def test_a_server_that_is_not_proved_gets_no_choice() -> None:
    ends = failing(mechanism=ScriptedMechanism(mutual=False), server_policy=Policy(mutual=False))
    assert isinstance(ends.client.error, ProtectionError)
    assert isinstance(ends.server.error, PeerRejected)


@pytest.mark.parametrize("ours", NAMES)
def test_the_other_mechanism(ours: str) -> None:
    theirs = NAMES[ours == NAMES[0]]
    ends = pair(Sasl(ours), Sasl(theirs)).run()  # type: ignore[arg-type]
    assert isinstance(ends.server.error, RemoteProtocolError)
    assert isinstance(ends.client.error, PeerRejected)
    assert f"the mechanism here is {theirs}" in str(ends.client.error)


def test_an_identity_that_is_not_allowed() -> None:
    ends = pair(Sasl("GSSAPI", authzid="bob"), Sasl("GSSAPI")).run()
    assert isinstance(ends.server.error, AuthorizationError)
    assert isinstance(ends.client.error, PeerRejected)
    assert "authentication failed" in str(ends.client.error)
    assert ends.server.engine.info is None


def raises(*_: object) -> bool:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("allows", "allowed"), [(lambda *_: True, True), (lambda *_: 0, False), (raises, False)]
)
def test_who_decides_about_an_identity(allows: Callable[..., object], allowed: bool) -> None:
    ends = pair(Sasl("GSSAPI", authzid="b\u00f6b"), Sasl("GSSAPI", allows=allows)).run()
    if allowed:
        assert ends.server.engine.info is not None
        assert ends.server.engine.info.authzid == "b\u00f6b"
    else:
        assert isinstance(ends.server.error, AuthorizationError)
        assert isinstance(ends.server.error.__cause__, ZeroDivisionError) is (allows is raises)


# --- a peer that breaks the rules --------------------------------------------------------------------------


def against_server(choice: bytes, seal: bool = False, policy: Policy | None = None) -> Side:
    """A server of ours that got this for a choice of layer."""
    server = Side(Connection(Role.SERVER, MECHANISM.accept(Policy()), Sasl("GSSAPI"), policy=policy))
    context = MECHANISM.initiate(TARGET.spn, Policy())
    first = context.step(None).token or b""
    server.engine.receive_data(frame(START, b"GSSAPI") + frame(OK, first))
    answer = frames(server.says())[-1][1]
    assert context.step(answer).complete
    server.engine.receive_data(frame(OK, b""))
    context.unwrap(frames(server.says())[-1][1])
    server.engine.receive_data(frame(OK, context.wrap(choice, seal)))
    server.says()
    return server


def against_client(offer: bytes, policy: Policy | None = None) -> Side:
    """A client of ours that got this for an offer."""
    spn = TARGET.spn
    client = Side(
        Connection(Role.CLIENT, MECHANISM.initiate(spn, Policy()), Sasl("GSSAPI"), policy=policy, target=spn)
    )
    context = MECHANISM.accept(Policy())
    answer = context.step(frames(client.says())[-1][1]).token or b""
    client.engine.receive_data(frame(OK, answer) + frame(OK, context.wrap(offer, False)))
    client.says()
    return client


def test_both_of_them_do_it_right() -> None:
    assert frames(against_server(b"\4\xff\xff\xff").wrote)[-1] == (COMPLETE, b"")
    assert against_server(b"\4\xff\xff\xff", seal=True).error is None
    assert frames(against_client(b"\7\0\4\0").wrote)[-1][0] == OK


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (b"\2\xff\xff\xff", "SIGN, which was not offered"),
        (b"\1\0\0\0", "NONE, which was not offered"),
        (b"\1\xff\xff\xff", "no security layer and takes"),
        (b"\7\xff\xff\xff", "layer 0x07"),
        (b"\0\xff\xff\xff", "layer 0x00"),
        (b"\4\0\0\0", "messages of 0 bytes"),
        (b"\4\0\0\x48", "messages of 72 bytes"),
        (b"\4\xff\xff", "in 3 bytes"),
        (b"", "in 0 bytes"),
        (b"\4\xff\xff\xff\xff", "not UTF-8"),
        (b"\4\xff\xff\xffalice\0", "NUL"),
    ],
)
def test_choices_that_a_server_refuses(choice: bytes, why: str) -> None:
    server = against_server(choice)
    assert isinstance(server.error, RemoteProtocolError)
    assert why in str(server.error)
    assert frames(server.wrote)[-1] == (ERROR, b"protocol error")
    assert server.engine.info is None


@pytest.mark.parametrize(
    ("offer", "why", "kind"),
    [
        (b"\3\xff\xff\xff", "offers the security layers NONE, SIGN", ProtectionError),
        (b"\0\0\0\0", "offers the security layers nothing", ProtectionError),
        (b"\4\0\0\0", "messages of 0 bytes", RemoteProtocolError),
        (b"\4\0\0\x48", "messages of 72 bytes", RemoteProtocolError),
        (b"\7\xff\xff\xff\0", "in 5 bytes", RemoteProtocolError),
        (b"\7\xff\xff", "in 3 bytes", RemoteProtocolError),
    ],
)
def test_offers_that_a_client_refuses(offer: bytes, why: str, kind: type[AsyncAuthError]) -> None:
    client = against_client(offer)
    assert isinstance(client.error, kind)
    assert why in str(client.error)
    assert frames(client.wrote)[-1][0] == (BAD if kind is ProtectionError else ERROR)


@pytest.mark.parametrize("at", ["first", "middle", "last"])
@pytest.mark.parametrize("message", [0, 1, 2, 3])
def test_whatever_is_altered_on_the_way_is_noticed(message: int, at: str) -> None:
    """The negotiation: the client's token, its choice; the server's token, its offer."""
    ends = pair(Sasl("GSSAPI"))
    seen = 0

    def alter(data: bytes) -> bytes:
        nonlocal seen
        parts = []
        for kind, body in frames(data):
            where = {"first": 0, "middle": len(body) // 2, "last": len(body) - 1}[at]
            counted = kind == OK and bool(body)
            parts.append(frame(kind, flipped(body, where) if counted and seen == message else body))
            seen += counted
        return b"".join(parts)

    ends._alter = alter
    ends.run()
    assert seen > message
    errors = [side.error for side in (ends.client, ends.server) if side.error]
    assert any(isinstance(error, (MechanismError, IntegrityError)) for error in errors)
    assert ends.client.engine.info is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (frame(OK, b"token"), "began SASL with OK"),
        (frame(START, b"GSSAPI") + frame(START, b"GSSAPI"), "sent START, which may not come now"),
        (frame(START, b"GSSAPI") + frame(BAD, b"no \x1b[1mthanks"), r"'no \x1b[1mthanks'"),
        (frame(START, b"PLAIN\n" * 99), r"'PLAIN\nPLAIN\n"),
        (b"\x06\0\0\0\0", "begins with 06 00 00 00"),
        (b"\x16\x03\x01\x02\0\1", "TLS"),
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP"),
        (b"\x11\0\0\0\0", "gss-sample"),
    ],
)
def test_what_is_no_beginning(said: bytes, why: str) -> None:
    server = Side(Connection(Role.SERVER, MECHANISM.accept(Policy()), Sasl("GSSAPI")))
    server.engine.receive_data(said)
    server.says()
    assert isinstance(server.error, (RemoteProtocolError, PeerRejected))
    assert why in str(server.error)
    assert len(str(server.error)) < 500


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_ends_too_early(name: str) -> None:
    spn = TARGET.spn
    for early in (b"", b"token 1".ljust(32, b".")):
        mechanism = ScriptedMechanism(tokens=3)
        client = Side(Connection(Role.CLIENT, mechanism.initiate(spn, Policy()), Sasl(name), target=spn))  # type: ignore[arg-type]
        client.says()
        client.engine.receive_data(frame(COMPLETE, early))
        client.says()
        assert isinstance(client.error, RemoteProtocolError | MechanismError)
        assert client.engine.info is None


@pytest.mark.parametrize("late", [frame(OK, b""), frame(COMPLETE, b"x"), frame(OK, b"more")])
def test_a_server_that_goes_on(late: bytes) -> None:
    client = against_client(b"\7\xff\xff\xff")
    client.engine.receive_data(late)
    client.turn()
    assert isinstance(client.error, RemoteProtocolError)
    assert "complete here" in str(client.error)


def test_a_client_that_goes_on_with_a_complete_context() -> None:
    server = Side(Connection(Role.SERVER, MECHANISM.accept(Policy()), Sasl("GSSAPI")))
    first = MECHANISM.initiate(TARGET.spn, Policy()).step(None).token or b""
    server.engine.receive_data(frame(START, b"GSSAPI") + frame(OK, first) + frame(OK, b"more"))
    server.says()
    assert "complete here" in str(server.error)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_an_end_anywhere_in_the_handshake_is_a_cut(name: str, data: st.DataObject) -> None:
    whole = pair(Sasl(name)).run()  # type: ignore[arg-type]
    heard = whole.client.wrote
    server = Side(Connection(Role.SERVER, MECHANISM.accept(Policy()), Sasl(name)))  # type: ignore[arg-type]
    server.engine.receive_data(heard[: data.draw(st.integers(0, len(heard) - 1))])
    server.turn()
    server.engine.receive_eof()
    server.turn()
    assert isinstance(server.error, TruncatedStream)


@given(data=st.data())
def test_any_chopping_is_the_same(data: st.DataObject) -> None:
    def chop(whole: bytes) -> list[bytes]:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
        return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    ends = pair(Sasl("GSSAPI"), chop=chop).run()
    sent(ends, b"x" * 100_000)
    received = b"".join(event.data for event in ends.server.events if isinstance(event, DataReceived))
    assert received == b"x" * 100_000


@given(st.binary(max_size=60))
def test_no_bytes_from_a_stranger_do_more_than_fail(rubbish: bytes) -> None:
    for start in (b"", frame(START, b"GSSAPI"), frame(START, b"GSSAPI") + b"\2\0\0\0"):
        server = Side(Connection(Role.SERVER, MECHANISM.accept(Policy()), Sasl("GSSAPI")))
        server.engine.receive_data(start + rubbish)
        server.says()
        assert server.error is None or isinstance(server.error, AsyncAuthError)
        assert server.engine.info is None
