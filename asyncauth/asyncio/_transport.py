"""Above: what the application's protocol writes to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .._types import ConnectionInfo, Role

if TYPE_CHECKING:
    from ._inbound import Inbound
    from ._outbound import Outbound
    from ._session import Session

__all__ = ["AuthenticatedTransport"]

logger = logging.getLogger("asyncauth")

_DROPPED_WRITES = 5
"""Writes to a closed connection that are passed over before one is logged, as in asyncio."""

_WRITABLE = (bytes, bytearray, memoryview)

_EXTRA: dict[str, Callable[[ConnectionInfo], Any]] = {
    "connection_info": lambda info: info,
    "encrypted": lambda info: info.encrypted,
    "framing": lambda info: info.framing,
    "mechanism": lambda info: info.mechanism,
    "mutual": lambda info: info.mutual,
    "peer": lambda info: info.peer,
    "peer_name": lambda info: info.peer and info.peer.name,
    "protection": lambda info: info.protection,
    "server_side": lambda info: info.role is Role.SERVER,
    "signed": lambda info: info.signed,
    "target": lambda info: info.target,
    "target_proven": lambda info: info.target_proven,
    "claimed_target": lambda info: info.claimed_target,
    "channel_bound": lambda info: info.channel_bound,
}


class AuthenticatedTransport(asyncio.Transport):
    """An asyncio transport whose peer has proved who it is, and whose bytes are protected.

    Made by :func:`create_connection`, :func:`create_server` or :func:`start_auth`, so that nobody ever holds one
    whose handshake is not done. It behaves as asyncio's own transports do; what is different:

    * ``write_eof`` and ``close`` mark the end of the data under protection, and ``eof_received`` of the peer's
      protocol means that mark. Without it, ``connection_lost`` gets a :class:`~asyncauth.TruncatedStream`.
    * Writes are sent at the end of the loop's turn, or of the ``data_received`` in which they were made.
    * :meth:`get_extra_info` knows more names.
    """

    __slots__ = ("__weakref__", "_dropped", "_inbound", "_info", "_outbound", "_session")

    def __init__(self, session: Session, inbound: Inbound, outbound: Outbound, info: ConnectionInfo) -> None:
        """Not for applications."""
        # not super().__init__(), which makes a place for the extra information that lies beneath
        self._session = session
        self._inbound = inbound
        self._outbound = outbound
        self._info = info
        self._dropped = 0

    def __repr__(self) -> str:
        info = self._info
        peer = f" {info.peer}" if info.peer else ""
        state = " closing" if self.is_closing() else ""
        return f"<{type(self).__name__} {info.role.value} with{peer} {info.mechanism} {info.protection.name}{state}>"

    @property
    def connection_info(self) -> ConnectionInfo:
        """What the handshake reached."""
        return self._info

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known by that name, or ``default``.

        Of the connection: ``mechanism`` (str), ``peer`` (:class:`~asyncauth.Peer`), ``peer_name`` (str),
        ``target`` (client: :class:`~asyncauth.ServicePrincipalName`), ``protection``
        (:class:`~asyncauth.Protection`), ``encrypted``, ``signed``, ``mutual``, ``server_side`` (bool),
        ``framing`` (str), and ``connection_info`` (:class:`~asyncauth.ConnectionInfo`), all of them in one. Any
        other name is the raw transport's: ``peername``, ``sockname``, ``socket``.
        """
        known = _EXTRA.get(name)
        if known is None:
            return self._session.raw.get_extra_info(name, default)
        value = known(self._info)
        return default if value is None else value

    # --- reading -------------------------------------------------------------------------------------------

    def is_reading(self) -> bool:
        return self._inbound.reading

    def pause_reading(self) -> None:
        """Deliver nothing, and open no message, until :meth:`resume_reading`."""
        self._inbound.pause()

    def resume_reading(self) -> None:
        """Deliver again, from the next turn of the loop on."""
        self._inbound.resume()

    # --- writing -------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Protect and send ``data``; it is not kept if it can be changed.

        :raises TypeError: not a bytes-like object
        :raises RuntimeError: after :meth:`write_eof`
        """
        if not isinstance(data, _WRITABLE):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self._session.closing:
            self._drop()
            return
        if self._outbound.ended:
            raise RuntimeError("Cannot call write() after write_eof()")
        if data:
            self._outbound.write(data if isinstance(data, bytes) else bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """:meth:`write` each of them; they go out together."""
        for data in list_of_data:
            self.write(data)

    def can_write_eof(self) -> bool:
        """True; without protection, where there is no mark, what the raw transport says."""
        return self._info.signed or self._session.raw.can_write_eof()

    def write_eof(self) -> None:
        """Mark the end of what this side has to say; reading goes on.

        :raises NotImplementedError: there is no protection, and the raw transport cannot half-close either
        """
        if not self.can_write_eof():
            raise NotImplementedError("an unprotected connection over this transport cannot be half-closed")
        if not self._session.closing:
            self._outbound.write_eof()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When the protocol's pause_writing and resume_writing are called, in bytes; asyncio's defaults."""
        self._outbound.set_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """``(low, high)`` in bytes."""
        return self._outbound.limits()

    def get_write_buffer_size(self) -> int:
        """Bytes of plaintext not sealed yet and sealed bytes that the raw transport has not sent yet."""
        return self._outbound.waiting + self._session.raw.get_write_buffer_size()

    def _drop(self) -> None:
        self._dropped += 1
        if self._dropped == _DROPPED_WRITES:
            logger.warning("%r is closed, and the application goes on writing to it", self)

    # --- the rest ------------------------------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._session.app = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The application's protocol; None once the connection is lost."""
        return self._session.app  # type: ignore[return-value]

    def is_closing(self) -> bool:
        return self._session.closing

    def close(self) -> None:
        """Send what was written, mark the end, close; then connection_lost(None). Reading ends at once."""
        self._session.close()

    def abort(self) -> None:
        """Close at once; what is not sent is lost, and the peer sees a truncated stream."""
        self._session.abort()
