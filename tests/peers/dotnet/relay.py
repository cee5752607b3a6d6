"""Between the two ends: what passes is written down, and can be held back or cut off."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Self

from ...vectors.capture import Chunk

__all__ = ["Relay"]

_READ_BYTES = 65_536


class Relay:
    """Listens, and passes one connection on to ``port``, on another host if that is given."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.chunks: list[Chunk] = []
        self.holding = False
        """What may pass has passed, and there is more."""
        self._onward = (host, port)
        self._room: dict[str, int] = {}
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="relay")]
        self._threads[0].start()

    def hold(self, sender: str, after: int) -> None:
        """Let so many more bytes of that side pass, and nothing after them until :meth:`release`; once."""
        with self._lock:
            self._room[sender] = after

    def release(self) -> None:
        """Let everything pass again."""
        self._released.set()

    def cut(self) -> None:
        """Close both connections, here and now."""
        for end in self._ends:
            _shut(end)
        self._released.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _shut(self._listener)
        self._threads[0].join()
        self.cut()
        for thread in self._threads[1:]:
            thread.join()
        for end in (self._listener, *self._ends):
            end.close()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        server = socket.create_connection(self._onward)
        self._ends += [client, server]
        start = time.monotonic()
        for sender, source, target in ((">", client, server), ("<", server, client)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(
                target=self._pass_on, args=(sender, source, target, start), name=f"relay {sender}"
            )
            self._threads.append(thread)
            thread.start()

    def _pass_on(self, sender: str, source: socket.socket, target: socket.socket, start: float) -> None:
        with suppress(OSError):  # one of the ends has reset its connection
            while data := source.recv(_READ_BYTES):
                self.chunks.append(Chunk(sender, time.monotonic() - start, data))
                self._send(sender, target, data)
            self.chunks.append(Chunk(sender, time.monotonic() - start, b""))
            target.shutdown(socket.SHUT_WR)

    def _send(self, sender: str, target: socket.socket, data: bytes) -> None:
        passing = self._admitted(sender, len(data))
        target.sendall(data[:passing])
        if passing < len(data):
            self.holding = True
            self._released.wait()
            target.sendall(data[passing:])

    def _admitted(self, sender: str, count: int) -> int:
        with self._lock:
            if sender not in self._room or self._released.is_set():
                return count
            passing = min(count, self._room[sender])
            self._room[sender] -= passing
            return passing


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
