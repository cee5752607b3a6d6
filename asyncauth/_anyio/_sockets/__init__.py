"""TCP for the anyio side: where the streams beneath the authenticated ones come from.

On Trio they are anyio's own, with a shorter way to the socket. On asyncio anyio's cost more than the handshake's
cryptography: each ``receive`` turns the loop's watching of the socket on and off, each connect goes through a task
group, and each accept through a future, a task and a turn of the loop. What is here behaves as they do
(``tests/stream/test_sockets.py`` runs against both) and leaves that out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio.abc import SocketAttribute

from ._dial import dial
from ._listener import listen
from ._polled import PolledStream
from ._prompt import PromptStream
from ._transport import TransportStream

if TYPE_CHECKING:
    from anyio.abc import ByteStream

__all__ = ["PromptStream", "TransportStream", "address_of", "dial", "listen", "prompt_of"]


def prompt_of(stream: ByteStream) -> PromptStream | None:
    """The stream, if it is one of those made here. Asking an abstract class takes ten times as long."""
    return stream if type(stream) in {TransportStream, PolledStream} else None  # type: ignore[return-value]


def address_of(stream: ByteStream) -> object:
    """The address of a stream's peer, or None; while the stream is open."""
    if (prompt := prompt_of(stream)) is not None:
        return prompt.remote_address
    return stream.extra(SocketAttribute.remote_address, None)
