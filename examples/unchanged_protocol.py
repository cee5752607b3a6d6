"""An asyncio protocol that knows nothing of Kerberos, put under authentication without changing a line of it.

`Shout` is the kind of protocol any asyncio program has. Only the two calls that connect it differ: they come from
asyncauth.asyncio in place of the event loop. Run it where `asyncauth realm` has been exported.
"""

from __future__ import annotations

import asyncio

from asyncauth import Target
from asyncauth.asyncio import create_server, open_connection


class Shout(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.upper())


async def main() -> None:
    server = await create_server(Shout, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        target = Target("127.0.0.1", port, spn="ADSockAuth/localhost")
        reader, writer = await open_connection(target)
        writer.write(b"hello, ")
        writer.write(b"world")
        writer.write_eof()
        print((await reader.readexactly(12)).decode())
        print("from", writer.get_extra_info("peer_name"), "by", writer.get_extra_info("mechanism"))
        writer.close()
        await writer.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
