"""The SASL handshake and the sealed stream, without a network."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from asyncauth import _errors
from asyncauth._types import Protection
from asyncauth.abc import StepResult
from asyncauth.discovery._deadline import Deadline
from asyncauth.discovery._sasl import Wire, bind_gssapi, bind_spnego

from ._wire import SEALED, SIGNED, FakeContext, FakeServer, buffer

KERBEROS = (StepResult(b"req", False), StepResult(None, True))
LAYERS = b"\x07\x00\xff\xff"


def test_gssapi_as_rfc_4752_has_it() -> None:
    context = FakeContext(KERBEROS)
    server = FakeServer([(False, b"rep"), (False, SIGNED + LAYERS), (True, b"")])
    assert bind_gssapi(context, server, "dc1") == 0xFFFF
    assert context.got == [None, b"rep"]
    assert server.asked == [b"req", b"", SIGNED + b"\x04\xff\xff\xff"]


@pytest.mark.parametrize("layers", [b"\x03\x00\xff\xff", b"\x01\0\0\0", b"", b"\x04\0\0"])
def test_a_server_without_encryption_is_refused(layers: bytes) -> None:
    server = FakeServer([(False, b"rep"), (False, SIGNED + layers)])
    with pytest.raises(_errors.ProtectionError, match="dc1 offers no encryption"):
        bind_gssapi(FakeContext(KERBEROS), server, "dc1")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "answers",
    [
        [(True, b"rep")],
        [(True, b"")],
        [(False, b"rep"), (True, b"")],
        [(False, b"rep"), (False, SIGNED + LAYERS), (False, b"")],
    ],
)
def test_a_server_that_ends_too_early_is_refused(answers: list[tuple[bool, bytes]]) -> None:
    with pytest.raises(_errors.ProtectionError, match="before it was complete"):
        bind_gssapi(FakeContext(KERBEROS), FakeServer(answers), "dc1")


def test_spnego_ends_with_the_servers_token() -> None:
    context = FakeContext(KERBEROS)
    assert bind_spnego(context, FakeServer([(True, b"rep")]), "dc1") > 1024
    assert context.got == [None, b"rep"]


def test_spnego_with_a_last_word_of_ours() -> None:
    context = FakeContext([StepResult(b"req", False), StepResult(b"mic", True)])
    server = FakeServer([(False, b"rep"), (True, b"")])
    bind_spnego(context, server, "dc1")
    assert server.asked == [b"req", b"mic"]


@pytest.mark.parametrize("answers", [[(False, b"rep")], [(True, b"rep"), (True, b"")]])
def test_spnego_that_one_side_thinks_is_over(answers: list[tuple[bool, bytes]]) -> None:
    steps = KERBEROS if len(answers) == 1 else [StepResult(b"req", False)] * 3
    with pytest.raises(_errors.ProtectionError, match="before it was complete"):
        bind_spnego(FakeContext(steps), FakeServer(answers), "dc1")


@pytest.mark.parametrize(
    ("mutual", "protection"), [(False, Protection.SEAL), (True, Protection.SIGN), (True, Protection.NONE)]
)
def test_less_than_mutual_and_sealed_is_refused(mutual: bool, protection: Protection) -> None:
    for bind, answers in ((bind_gssapi, [(False, b"rep")]), (bind_spnego, [(True, b"rep")])):
        context = FakeContext(KERBEROS, mutual, protection)
        with pytest.raises(_errors.ProtectionError, match="not authenticated"):
            bind(context, FakeServer(answers), "dc1")


def test_endless_legs_end() -> None:
    context = FakeContext([StepResult(b"again", False)] * 99)
    with pytest.raises(_errors.ProtectionError):
        bind_gssapi(context, FakeServer([(False, b"again")] * 99), "dc1")
    assert len(context.got) < 20


@pytest.fixture
def wire() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sealed = Wire(ours, Deadline(2, "testing"))
        sealed.seal(FakeContext(()), 65_536)
        yield sealed, theirs


def test_everything_sent_is_sealed(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire
    sealed.sendall(b"hello")
    assert server.recv(100) == buffer(b"hello")


def test_what_is_larger_than_the_server_takes_is_cut(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire
    sealed.seal(FakeContext(()), 1024)
    sealed.sendall(bytes(2000))
    received = server.recv(9999)
    sizes = []
    while received:
        (size,) = struct.unpack(">I", received[:4])
        sizes.append(size)
        received = received[4 + size :]
    assert max(sizes) <= 1024
    assert sum(sizes) == 2000 + len(sizes) * len(SEALED)


def test_a_server_with_a_tiny_buffer_is_refused(wire: tuple[Wire, socket.socket]) -> None:
    with pytest.raises(_errors.DirectoryError, match="buffers of 100 bytes"):
        wire[0].seal(FakeContext(()), 100)


def test_two_buffers_in_one_read_are_both_there(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire
    server.sendall(buffer(b"one") + buffer(b"") + buffer(b"two"))
    assert [sealed.recv(1), sealed.recv(99)] == [b"one", b"two"]


def test_any_chopping_gives_the_same(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire

    def drip() -> None:
        for at in range(len(data)):
            server.sendall(data[at : at + 1])
        server.shutdown(socket.SHUT_WR)

    data = buffer(b"hello") + buffer(b"world")
    thread = threading.Thread(target=drip)
    thread.start()
    assert sealed.recv(99) + sealed.recv(99) == b"helloworld"
    assert sealed.recv(99) == b""
    thread.join()


def test_a_message_that_is_only_signed_is_refused(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire
    server.sendall(buffer(b"data", SIGNED))
    with pytest.raises(_errors.IntegrityError, match="not encrypted"):
        sealed.recv(99)


def test_an_endless_buffer_is_refused_unread(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire
    server.sendall(b"\x01\x00\x00\x00")
    with pytest.raises(_errors.IntegrityError, match="16777216 bytes"):
        sealed.recv(99)


@pytest.mark.parametrize("cut", [1, 4, 8])
def test_an_end_inside_a_buffer_is_an_error(wire: tuple[Wire, socket.socket], cut: int) -> None:
    sealed, server = wire
    server.sendall(buffer(b"hello")[:cut])
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError):
        sealed.recv(99)


def test_silence_ends_with_the_deadline(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire
    sealed.deadline = Deadline(0.2, "waiting for nothing")
    server.sendall(buffer(b"hello")[:5])
    started = time.monotonic()
    with pytest.raises(_errors.DirectoryError, match=r"no answer within 0\.2 s while waiting for nothing"):
        sealed.recv(99)
    with pytest.raises(_errors.DirectoryError, match=r"within 0\.2 s"):
        sealed.recv(99)
    assert time.monotonic() - started < 2


def test_a_server_that_does_not_read_ends_with_the_deadline(wire: tuple[Wire, socket.socket]) -> None:
    sealed, _ = wire
    sealed.deadline = Deadline(0.2, "sending")
    with pytest.raises(_errors.DirectoryError, match="while sending"):
        sealed.sendall(bytes(20_000_000))


def test_who_has_hung_up(wire: tuple[Wire, socket.socket]) -> None:
    sealed, server = wire
    assert not sealed.hung_up()
    server.sendall(buffer(b"notice of disconnection"))
    assert sealed.hung_up()
    server.close()
    assert sealed.hung_up()
    sealed.close()
    assert sealed.hung_up()


def test_part_of_a_call_may_have_less_time() -> None:
    deadline = Deadline(60, "working")
    with deadline.at_most(0.01):
        time.sleep(0.02)
        with pytest.raises(_errors.DirectoryError, match=r"within 0\.01 s"):
            deadline.left()
    assert deadline.left() > 50
    with deadline.at_most(1000):
        assert deadline.left() < 61
