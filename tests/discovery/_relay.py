"""A TCP relay that cuts connections where a test wants it."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class Relay:
    """Listens on a port of its own and passes everything to a server, until told otherwise.

    :param server: address and port
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_requests = 0
        """So many times hang up when the client sends something, and do not pass it on."""
        self.cut_answers = False
        """Hang up when the server answers."""
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(self._server)
            self._open = [client, server]
            for source, target, to_server in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass, args=(source, target, to_server), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, to_server: bool) -> None:
        while True:
            try:
                data = source.recv(65_536)
                if not data or self._cuts(to_server):
                    break
                target.sendall(data)
            except OSError:
                break
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        source.close()

    def hang_up(self) -> None:
        """End the newest connection, as a server does with an idle client."""
        for end in self._open:
            with contextlib.suppress(OSError):  # hanging up on one may already have ended the other
                end.shutdown(socket.SHUT_RDWR)

    def _cuts(self, to_server: bool) -> bool:
        if not to_server:
            return self.cut_answers
        self.cut_requests -= 1
        return self.cut_requests >= 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
