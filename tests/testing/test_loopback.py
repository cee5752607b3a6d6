"""Addresses are reserved for one realm at a time, between processes too."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from asyncauth._errors import MechanismUnavailable
from asyncauth.testing import _loopback
from asyncauth.testing._loopback import free, reserve


def test_each_has_its_own() -> None:
    first, second = reserve([20_088]), reserve([20_088])
    with first, second:
        assert first.address != second.address
        assert free(first.address, 20_088)


def test_a_reserved_address_is_refused_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with reserve([]) as held:
        numbers = iter([int(part) for part in held.address.split(".")[1:]] * _loopback.ATTEMPTS)
        monkeypatch.setattr("asyncauth.testing._loopback.random.randint", lambda *_: next(numbers))
        with pytest.raises(MechanismUnavailable, match=f"47088 of {held.address}: EADDRINUSE"):
            reserve([])


def test_it_lasts_as_long_as_a_process_holds_it() -> None:
    with reserve([]) as held:
        holder = subprocess.Popen(
            [sys.executable, "-ISc", "input()"], stdin=subprocess.PIPE, pass_fds=(held.guard.fileno(),)
        )
    assert not free(held.address, _loopback.GUARD)
    holder.kill()
    holder.communicate()
    assert free(held.address, _loopback.GUARD)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_taken_on_all_addresses_is_named(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MechanismUnavailable, match=f"port {port} of .*ss -ltnup"):
            reserve([port])
