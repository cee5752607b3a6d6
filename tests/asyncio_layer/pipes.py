"""Raw transports in memory: every write can be counted, held back or cut off."""

from __future__ import annotations

import asyncio
from typing import Any


class Pipe(asyncio.Transport):
    """One end. What it writes reaches the other end in the next turn of the loop, unless ``stuck``.

    :param room: bytes that this end may write before its other end sees the end of file
    """

    def __init__(self, name: str, room: float = float("inf")) -> None:
        super().__init__({"peername": name})
        self.loop = asyncio.get_running_loop()
        self.other: Pipe
        self.protocol: Any = None
        self.writes: list[bytes] = []
        self.room = room
        self.stuck = False
        self.reading = True
        self._unsent = bytearray()
        self._inbox: list[bytes] = []
        self._full = self._closing = self._lost = self._eof = self._eof_told = False
        self._high, self._low = 65_536, 16_384

    # --- what a protocol does with it ---------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self.protocol
        return protocol

    def write(self, data: Any) -> None:
        assert not self._eof
        assert data
        if self._closing:
            return
        self.writes.append(bytes(data))
        self._unsent += data
        self._transmit()
        if len(self._unsent) > self._high and not self._full:
            self._full = True
            self.protocol.pause_writing()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._eof = True
        self._transmit()

    def pause_reading(self) -> None:
        assert not self._eof_told, "for libuv, what follows the end of file is undefined"
        self.reading = False

    def resume_reading(self) -> None:
        assert not self._eof_told
        self.reading = True
        self.loop.call_soon(self._deliver)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high is not None
        assert low is not None
        self._high, self._low = high, low

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._eof = True
            self._transmit()
            if not self._unsent:
                self.lose(None)

    def abort(self) -> None:
        self._unsent.clear()
        self._closing = self._eof = True
        self._transmit()
        self.lose(None)

    # --- what a test does with it ---------------------------------------------------------------------------

    def unstick(self) -> None:
        """Let through what was held back."""
        self.stuck = False
        self._transmit()
        if self._full and len(self._unsent) <= self._low:
            self._full = False
            self.protocol.resume_writing()
        if self._closing and not self._unsent:
            self.lose(None)

    def pass_on(self, size: int) -> None:
        """Stuck, let some bytes through and tell nobody."""
        if size:
            self.other._inbox.append(bytes(self._unsent[:size]))
            del self._unsent[:size]
            self.loop.call_soon(self.other._deliver)

    def lose(self, exc: Exception | None) -> None:
        """What a reset connection does to this end."""
        if not self._lost:
            self._lost = self._closing = True
            self.loop.call_soon(lambda: self.protocol.connection_lost(exc))

    # --- the wire ----------------------------------------------------------------------------------------

    def _transmit(self) -> None:
        if self.stuck:
            return
        data = bytes(self._unsent)
        self._unsent.clear()
        passed = data[: int(min(self.room, len(data)))]
        self.room -= len(passed)
        if passed:
            self.other._inbox.append(passed)
        if self._eof or self.room <= 0:
            self.other._inbox.append(b"")
        self.loop.call_soon(self.other._deliver)

    def _deliver(self) -> None:
        while self._inbox and self.reading and not self._closing:
            data = self._inbox.pop(0)
            if data:
                self.protocol.data_received(data)
            elif not self._eof_told:
                self._eof_told = True
                if not self.protocol.eof_received():
                    self.close()


def pipe(client_room: float = float("inf"), server_room: float = float("inf")) -> tuple[Pipe, Pipe]:
    """A client's end and a server's end, each with the bytes it may write."""
    client, server = Pipe("the server", client_room), Pipe("the client", server_room)
    client.other, server.other = server, client
    return client, server
