"""A server that answers anything but LDAP: only typed errors, in time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncauth import _errors
from asyncauth._spn import ServicePrincipalName
from asyncauth._types import Policy
from asyncauth.abc import SecurityContext, StepResult
from asyncauth.discovery._deadline import Deadline
from asyncauth.discovery._session import Place, Session

from ._wire import SIGNED, FakeContext, buffer

SPN = ServicePrincipalName.parse("ldap/dc1.example.test/example.test")


class FakeMechanism:
    """Two legs of nothing."""

    name = "kerberos"

    def initiate(self, target: ServicePrincipalName, policy: Policy, /) -> SecurityContext:
        return FakeContext((StepResult(b"req", False), StepResult(None, True)))

    def accept(self, policy: Policy, /) -> SecurityContext:
        raise NotImplementedError

    def prepare_server(self) -> None:
        raise NotImplementedError


@contextlib.contextmanager
def serving(*answers: bytes) -> Iterator[Place]:
    """A server that gives one answer for each request, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                for answer in answers:
                    connection.recv(65_536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Place("dc1.example.test", "127.0.0.1", server.getsockname()[1], SPN)
        thread.join()


def bind_answer(number: int, code: int, token: bytes) -> bytes:
    """A BindResponse (RFC 4511 section 4.2.2)."""
    body = bytes([0x0A, 1, code, 4, 0, 4, 0, 0x87, len(token)]) + token
    message = number.to_bytes(4, "big")
    content = b"\x02\x04" + message + bytes([0x61, len(body)]) + body
    return bytes([0x30, len(content)]) + content


def next_number() -> int:
    """ldap3 numbers the messages of all connections together."""
    from asyncauth.discovery._ldap import Connection

    counter: int = Connection(
        "127.0.0.1", 1, "x", SPN, FakeMechanism(), Deadline(1, "x")
    ).server.next_message_id()
    return counter + 1


ber = st.builds(
    lambda tag, body: bytes([tag, len(body)]) + body,
    st.sampled_from([0x30, 0x02, 0x61, 0x04, 0x0A]),
    st.binary(),
)


@settings(max_examples=150)
@given(
    st.one_of(st.binary(max_size=60), ber, st.builds(lambda inner: bytes([0x30, len(inner)]) + inner, ber))
)
def test_garbage_for_an_answer_to_the_bind(answer: bytes) -> None:
    with serving(answer) as place, pytest.raises(_errors.AsyncAuthError) as caught:
        Session(place, FakeMechanism(), Deadline(2, "testing"))
    assert "dc1.example.test" in str(caught.value)


@settings(max_examples=100)
@given(st.binary(max_size=60), st.integers(0, 60))
def test_an_answer_cut_and_changed_anywhere(noise: bytes, at: int) -> None:
    good = bind_answer(next_number(), 14, b"rep")
    with serving(good[:at] + noise) as place, pytest.raises(_errors.AsyncAuthError):
        Session(place, FakeMechanism(), Deadline(2, "testing"))


def bound(*answers: bytes) -> contextlib.AbstractContextManager[Place]:
    """A server that authenticates, and then gives these answers."""
    number = next_number()
    layers = SIGNED + b"\x04\x00\xff\xff"
    return serving(
        bind_answer(number, 14, b"rep"),
        bind_answer(number + 1, 14, layers),
        bind_answer(number + 2, 0, b""),
        *answers,
    )


@settings(max_examples=100)
@given(st.one_of(st.binary(max_size=60), ber))
def test_garbage_for_an_answer_to_a_request(answer: bytes) -> None:
    with bound(buffer(answer)) as place:
        session = Session(place, FakeMechanism(), Deadline(2, "testing"))
        with pytest.raises(_errors.AsyncAuthError):
            session.delete("CN=x,DC=test", Deadline(2, "testing"))
        assert not session.intact
        session.close()


def test_endless_talk_before_the_authentication() -> None:
    endless = bytes.fromhex("3084 7fffffff") + bytes(400_000)
    with serving(endless) as place, pytest.raises(_errors.DirectoryError, match="more than 262144 bytes"):
        Session(place, FakeMechanism(), Deadline(5, "testing"))
