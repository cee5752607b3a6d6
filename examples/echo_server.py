"""An echo server that only talks to clients who have proved who they are, and under encryption.

The key comes from the default keytab (KRB5_KTNAME, or the one of krb5.conf). Try it on a private realm:

    asyncauth realm                      # in one terminal; paste its export lines into the others
    python examples/echo_server.py
    python examples/echo_client.py
"""

from __future__ import annotations

import sys

import anyio

from asyncauth import AuthenticatedStream, serve


async def echo(stream: AuthenticatedStream) -> None:
    async with stream:
        print(f"{stream.info.peer} is here, by {stream.info.mechanism}", flush=True)
        async for data in stream:
            await stream.send(data)


async def main(port: int) -> None:
    await serve(echo, "127.0.0.1", port)


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if sys.argv[1:] else 2000)
