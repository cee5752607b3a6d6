"""What passes between us and a real domain controller: after the bind nothing but sealed buffers, and none altered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import pytest

from asyncauth import _errors
from asyncauth.capture import Message, Reading, wire_of
from asyncauth.discovery import Directory
from asyncauth.mechanisms import CredentialCache, Kerberos, Negotiate
from asyncauth.testing import Realm
from asyncauth.tokens import Wrap

pytestmark = pytest.mark.anyio

DC = "dc1.example.test"
SYSTEM = "CN=System,DC=example,DC=test"


class Between:
    """Notes what passes, and passes on what ``alter`` makes of the server's answers."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.alter: Callable[[bytes], bytes] = bytes
        self.passed = {">": bytearray(), "<": bytearray()}
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def messages(self) -> list[Message]:
        reading = Reading(wire_of("ldap", bare=False))
        return [m for sender, data in self.passed.items() for m in reading.feed(sender, 0.0, bytes(data))]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                for sender, source, target in ((">", client, server), ("<", server, client)):
                    thread = threading.Thread(target=self._pass, args=(sender, source, target))
                    self._threads.append(thread)
                    thread.start()

    def _pass(self, sender: str, source: socket.socket, target: socket.socket) -> None:
        with source, suppress(OSError):
            while data := source.recv(65_536):
                self.passed[sender] += data
                target.sendall(self.alter(data) if sender == "<" else data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("kind", [Kerberos, Negotiate])
async def test_nothing_can_be_read(ad_realm: Realm, kind: type[Kerberos]) -> None:
    alice = kind(CredentialCache(ad_realm.ticket("alice")))
    with Between((ad_realm.address, 389)) as between:
        async with Directory(
            "example.test", alice, host=DC, address="127.0.0.1", port=between.port
        ) as directory:
            assert await directory.read(SYSTEM, ["cn"]) is not None
        said = between.messages()
    binds = [each for each in said if each.framing.get("operation", "").startswith("Bind")]
    others = [each for each in said if each not in binds]
    assert {each.framing["mechanism"] for each in binds if "mechanism" in each.framing} <= {
        "GSSAPI",
        "GSS-SPNEGO",
    }
    assert len(others) >= 2
    assert all(isinstance(each.token, Wrap) and each.token.sealed for each in others)
    assert not any(b"System" in data or b"alice" in data for data in map(bytes, between.passed.values()))


async def test_an_answer_that_was_altered_is_none(ad_realm: Realm) -> None:
    alice = Kerberos(CredentialCache(ad_realm.ticket("alice")))
    with Between((ad_realm.address, 389)) as between:
        async with Directory(
            "example.test", alice, host=DC, address="127.0.0.1", port=between.port
        ) as directory:
            await directory.root()
            between.alter = lambda data: data[:-1] + bytes((data[-1] ^ 1,))
            with pytest.raises(
                _errors.AsyncAuthError, match=r"altered|cannot be reached|broke off"
            ) as caught:
                await directory.read(SYSTEM, ["cn"])
            assert caught.value.fix
