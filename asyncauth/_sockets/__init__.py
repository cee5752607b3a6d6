"""TCP for the anyio side: where the streams beneath the authenticated ones come from.

On Trio they are anyio's own. On asyncio anyio's cost more than the handshake's cryptography: each ``receive`` turns the
loop's watching of the socket on and off, each connect goes through a task group, and each accept through a future, a
task and a turn of the loop. What is here behaves as they do (``tests/stream/test_sockets.py`` runs against both) and
leaves that out.
"""

from ._dial import dial
from ._listener import listen
from ._transport import TransportStream

__all__ = ["TransportStream", "dial", "listen"]
