"""A client that sends nothing before the server has proved to be ADSockAuth/localhost.

See echo_server.py for how to run it.
"""

from __future__ import annotations

import sys

import anyio

from asyncauth import Target, connect


async def main(port: int) -> None:
    target = Target("127.0.0.1", port, spn="ADSockAuth/localhost")
    async with await connect(target) as stream:
        print(f"connected to {stream.info.target}, {stream.info.protection.name.lower()}ed")
        await stream.send(b"hello")
        print((await stream.receive()).decode())


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if sys.argv[1:] else 2000)
