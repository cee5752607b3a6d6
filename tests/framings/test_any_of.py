"""A server that recognises the framing: every client is claimed by one framing at most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import (
    LocalProtocolError,
    Peer,
    Policy,
    RemoteProtocolError,
    Role,
    ServicePrincipalName,
    Target,
    TruncatedStream,
)
from asyncauth.abc import Framing, RecognisableFraming, Script
from asyncauth.engine import Connection, DataReceived, Established
from asyncauth.framings import AnyOf, GssSample, NegotiateStream, Winsock, WinsockOneShot
from asyncauth.framings._tokens import begins_token
from asyncauth.testing import EnginePair, ScriptedMechanism, Side
from asyncauth.testing._scripted import ScriptedContext

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
NNS, GSS2, GSS1, WINSOCK = NegotiateStream(), GssSample(), GssSample(1), Winsock()
ALL: tuple[RecognisableFraming, ...] = (NNS, GSS2, GSS1, WINSOCK)
ANY = AnyOf(*ALL)
by_framing = pytest.mark.parametrize("framing", ALL, ids=lambda framing: str(framing.name))


def der(length: int) -> bytes:
    """A token's first bytes, written down again (X.690 8.1.3): 60, and the length of the rest."""
    for octets in range(4):
        rest = length - 2 - octets
        if (octets == 0 and 0 <= rest < 128) or (
            octets and max(128, 256 ** (octets - 1)) <= rest < 256**octets
        ):
            return b"\x60" + (
                bytes((rest,)) if not octets else bytes((128 + octets,)) + rest.to_bytes(octets, "big")
            )
    raise ValueError(f"nothing is {length} bytes long")


def opening(framing: Framing, length: int, token: bytes) -> bytes:
    """What a client of a framing begins with, if its token is that long."""
    match framing.name:
        case "nns":
            return b"\x16\x01\x00" + length.to_bytes(2, "big") + token
        case "gss-sample":
            return b"\x11\0\0\0\0\x02" + length.to_bytes(4, "big") + token
        case "gss-sample-v1":
            return length.to_bytes(4, "big") + token
        case _:
            return length.to_bytes(4, "little") + token


def claimed(start: bytes) -> list[str]:
    return [framing.name for framing in ALL if framing.claims(start)]


def lengths() -> Iterator[int]:
    """All that a token can have, near the places where something changes, and many between."""
    edges = [2, 20, 129, 131, 256, 258, 260, 276, 278, 0x1114, 0x1600, 0x1601, 4096, 65_535, 65_536]
    for edge in edges:
        yield from range(max(2, edge - 3), min(65_536, edge + 3) + 1)
    yield from range(2, 65_537, 97)


def can_be(length: int) -> bool:
    try:
        return bool(der(length))
    except ValueError:
        return False


@by_framing
def test_each_client_is_claimed_by_its_own_framing_and_no_other(framing: RecognisableFraming) -> None:
    most = 65_535 if framing is NNS else 65_536
    for length in filter(can_be, lengths()):
        if length <= most:
            assert claimed(opening(framing, length, der(length))) == [framing.name], length


@pytest.mark.parametrize("framing", [NNS, WINSOCK], ids=["nns", "winsock"])
def test_ntlm_tokens_too(framing: RecognisableFraming) -> None:
    for length in range(8, 65_536):
        assert claimed(opening(framing, length, b"NTLMSSP\0")) == [framing.name], length


def test_no_beginning_at_all_is_claimed_by_two() -> None:
    """Every beginning that a framing can claim is made of a header and a token's first bytes: all of them."""
    for length in range(65_537):
        tokens = [der(length)] if can_be(length) else []
        for framing in (NNS, GSS1, WINSOCK):
            if framing is NNS and length > 65_535:
                continue
            for token in [*tokens, b"NTLMSSP\0"]:
                start = opening(framing, length, token)
                # what follows the deciding bytes may complete another framing's beginning
                assert len(claimed(start)) <= 1, start.hex()
                assert len(claimed(start + b"\x60\x82\x01\x12")) <= 1, start.hex()


interesting = st.sampled_from(
    [0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x14, 0x16, 0x60, 0x80, 0x81, 0x82, 0x83, 0x4E, 0x54, 0xFF]
)
starts = st.one_of(
    st.binary(min_size=1, max_size=14),
    st.lists(interesting, min_size=1, max_size=14).map(bytes),
    st.builds(
        lambda framing, length, cut, rest: opening(framing, length, der(length))[:cut] + rest,
        st.sampled_from(ALL),
        st.integers(2, 65_535).filter(can_be),
        st.integers(1, 14),
        st.binary(max_size=6),
    ),
)


@given(start=starts)
def test_no_byte_string_is_claimed_by_two(start: bytes) -> None:
    assert len(claimed(start)) <= 1


@given(start=starts, more=st.binary(max_size=8))
def test_a_verdict_stands_whatever_follows(start: bytes, more: bytes) -> None:
    for framing in ALL:
        verdict = framing.claims(start)
        if verdict is not None:
            assert framing.claims(start + more) is verdict


@given(start=st.binary(min_size=14, max_size=14))
def test_a_few_bytes_are_enough(start: bytes) -> None:
    assert None not in [framing.claims(start) for framing in ALL]


@given(
    start=st.one_of(
        st.sampled_from([b"\x16\x03\x01", b"\x16\x03\x03", b"\x15\x03\x03"]),
        st.sampled_from([b"GET / HTTP/1.1", b"POST /", b"SSH-2.0-x", b"HTTP/1.1 400", b"PRI * HTTP/2.0"]),
    ),
    rest=st.binary(max_size=10),
)
def test_nothing_of_tls_http_or_ssh_is_claimed(start: bytes, rest: bytes) -> None:
    assert claimed(start + rest) == []


def test_the_one_beginning_that_two_could_claim_if_nobody_looked_further() -> None:
    assert claimed(b"\x16\x01\x00\x00\x60" + der(96)) == ["nns"]
    assert claimed(b"\x16\x01\x00\x00" + der(278)) == ["winsock"]
    assert NNS.claims(b"\x16\x01\x00\x00\x60") is None
    assert WINSOCK.claims(b"\x16\x01\x00\x00\x60") is None


@pytest.mark.parametrize("length", [0, 1, 130, 259])
def test_lengths_that_no_token_has(length: int) -> None:
    assert begins_token(b"\x60\x80\x80\x80", length) is False


# --- in the engine -----------------------------------------------------------------------------------------


class GssContext(ScriptedContext):
    """Its tokens begin as GSSAPI's do."""

    def _token(self, index: int) -> bytes:
        return der(32) + super()._token(index)[2:]


class GssTokens(ScriptedMechanism):
    def initiate(self, target: ServicePrincipalName, _: Policy, /) -> GssContext:
        return GssContext(self, Peer(str(target)), acceptor=False)

    def accept(self, _: Policy, /) -> GssContext:
        return GssContext(self, Peer(self.peer), acceptor=True)


def whole(data: bytes) -> Iterable[bytes]:
    return (data,)


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    return (data[index : index + 1] for index in range(len(data)))


def server(framing: Framing) -> Side:
    return Side(Connection(Role.SERVER, ScriptedMechanism().accept(Policy()), framing))


def test_a_client_makes_nothing_of_it() -> None:
    with pytest.raises(LocalProtocolError, match="name one framing"):
        EnginePair(ScriptedMechanism(), ScriptedMechanism(), ANY, target=TARGET)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (
            b"\x16\x03\x01\x02\x00\x01",
            "the client speaks TLS, not nns or gss-sample or gss-sample-v1 or winsock",
        ),
        (b"GET / HTTP/1.1\r\n", "speaks HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "speaks SSH"),
        (b"EHLO example.test\r\n", "does not speak nns or gss-sample or gss-sample-v1 or winsock"),
        (b"\x30\x0c\x02\x01", "it begins with 30 0c 02 01"),
    ],
)
@pytest.mark.parametrize("chopped", [False, True])
def test_other_protocols_are_named(start: bytes, says: str, chopped: bool) -> None:
    side = server(ANY)
    for piece in byte_by_byte(start) if chopped else (start,):
        side.engine.receive_data(piece)
        side.turn()
    assert isinstance(side.error, RemoteProtocolError)
    assert says in str(side.error)


def test_one_of_our_framings_that_is_not_offered_is_named_too() -> None:
    side = server(AnyOf(NNS, WINSOCK))
    side.engine.receive_data(b"\x11\0\0\0\0")
    side.turn()
    assert "speaks gss-sample version 2, not nns or winsock" in str(side.error)


def test_a_first_byte_that_is_nobodys_is_not_enough_to_put_a_name_to_it() -> None:
    side = server(AnyOf(NNS, GSS2))
    for byte in b"GET ":
        assert side.error is None
        side.engine.receive_data(bytes((byte,)))
        side.turn()
    assert "speaks HTTP, not nns or gss-sample" in str(side.error)


def test_too_few_bytes_are_waited_for_and_then_missed() -> None:
    side = server(ANY)
    side.engine.receive_data(b"\x16\x01\x00\x00\x60")
    side.turn()
    assert side.error is None
    side.engine.receive_eof()
    side.turn()
    assert isinstance(side.error, TruncatedStream)


class Also:
    """A plug-in that claims what another claims."""

    name = "also"
    handshake = NNS.handshake
    message = NNS.message
    max_plaintext = 1000
    marks_end = False

    def initiate(self) -> Script:
        return NNS.initiate()

    def accept(self) -> Script:
        return NNS.accept()

    def claims(self, start: bytes, /) -> bool | None:
        return NNS.claims(start)


class AlsoAtOnce(Also):
    def claims(self, start: bytes, /) -> bool | None:
        return True


@pytest.mark.parametrize("other", [Also(), AlsoAtOnce()])
def test_two_that_claim_the_same_client_refuse_it(other: Also) -> None:
    side = server(AnyOf(NNS, other))
    side.engine.receive_data(opening(NNS, 200, der(200)))
    side.turn()
    assert isinstance(side.error, RemoteProtocolError)
    assert "begins as in nns and in also" in str(side.error)


class NeverSure(Also):
    name = "never-sure"

    def claims(self, start: bytes, /) -> bool | None:
        return None


def test_a_plug_in_that_never_makes_up_its_mind_does_not_keep_clients_for_ever() -> None:
    side = server(AnyOf(NeverSure()))
    side.engine.receive_data(bytes(200))
    side.turn()
    assert isinstance(side.error, RemoteProtocolError)


@pytest.mark.parametrize("framings", [(), (NNS, NNS), (WINSOCK, Winsock())])
def test_what_it_does_not_take(framings: tuple[RecognisableFraming, ...]) -> None:
    with pytest.raises(ValueError, match="one or more different"):
        AnyOf(*framings)


def test_a_framing_that_cannot_be_recognised() -> None:
    class Opaque:
        name = "opaque"

    with pytest.raises(TypeError, match="no claims"):
        AnyOf(Opaque())  # type: ignore[arg-type]


def test_repr_names_them() -> None:
    assert repr(AnyOf(NNS, WinsockOneShot())) == "AnyOf(NegotiateStream(), WinsockOneShot())"


@by_framing
@pytest.mark.parametrize("chopped", [False, True])
def test_the_one_recognised_is_spoken_from_then_on(framing: RecognisableFraming, chopped: bool) -> None:
    mechanism = GssTokens(tokens=4)
    chop = byte_by_byte if chopped else whole
    pair = EnginePair(mechanism, mechanism, framing, target=TARGET, chop=chop)
    pair.server = Side(Connection(Role.SERVER, mechanism.accept(Policy()), ANY))
    pair.run()
    (established,) = pair.server.events
    assert isinstance(established, Established)
    assert established.info.framing == framing.name
    pair.client.engine.send_data(b"hello")
    pair.run()
    assert pair.server.events[-1] == DataReceived(b"hello")
    assert pair.server.engine.max_plaintext == framing.max_plaintext
    assert pair.client.engine.unanswered == 0
    assert pair.client.error is None
