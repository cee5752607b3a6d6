"""A plain-text protocol that turns on authentication in the middle of a connection, as STARTTLS does.

Server and client in one process; run it where `asyncauth realm` has been exported.
"""

from __future__ import annotations

import anyio
from anyio.abc import SocketAttribute, SocketStream

from asyncauth import AuthenticatedStream


async def server(plain: SocketStream) -> None:
    assert await plain.receive() == b"STARTAUTH\n"
    await plain.send(b"OK go on\n")
    async with await AuthenticatedStream.wrap(plain) as stream:
        async for question in stream:
            await stream.send(b"%s asked: %s" % (str(stream.info.peer).encode(), question))


async def client(port: int) -> None:
    plain = await anyio.connect_tcp("127.0.0.1", port)
    await plain.send(b"STARTAUTH\n")
    assert await plain.receive() == b"OK go on\n"
    async with await AuthenticatedStream.wrap(plain, target="ADSockAuth/localhost") as stream:
        await stream.send(b"is anybody listening in?")
        print((await stream.receive()).decode())


async def main() -> None:
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, server)
        await client(listener.extra(SocketAttribute.local_port))
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main)
