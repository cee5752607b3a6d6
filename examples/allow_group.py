"""A service for the members of one group of the domain, nested ones included.

    python examples/allow_group.py

Server and two clients in one process: whoever owns the default credential cache, who is no domain administrator,
and the one whose ticket is in ADMIN_CCNAME. The group's name is looked up once; who is in it, each client's ticket
says. Run it where `asyncauth realm` has been exported.
"""

from __future__ import annotations

import logging
import os
import sys

import anyio
from anyio.abc import SocketAttribute

from asyncauth import AuthenticatedStream, PeerRejected, Policy, Target, connect, serve
from asyncauth.authorization import Allow
from asyncauth.discovery import Directory, Dns
from asyncauth.mechanisms import CredentialCache, DefaultCredential, Kerberos

GROUP = "Domain Admins"
SPN = "ADSockAuth/localhost"


async def greet(stream: AuthenticatedStream) -> None:
    async with stream:
        peer = stream.info.peer
        assert peer is not None
        await stream.send(f"welcome, {peer.account}, number {peer.sid.rid if peer.sid else '?'}".encode())


async def call(port: int, credential: CredentialCache | DefaultCredential) -> None:
    try:
        async with await connect(Target("127.0.0.1", port, SPN), Kerberos(credential)) as stream:
            print((await stream.receive()).decode())
    except PeerRejected:
        print("not for us")


async def main() -> None:
    domain, nameserver = os.environ["ASYNCAUTH_DOMAIN"], os.environ.get("ASYNCAUTH_NAMESERVER")
    async with (
        Directory(domain, Kerberos(), dns=Dns(nameserver)) as directory,
        anyio.create_task_group() as tasks,
    ):
        allow = Allow(groups=[GROUP], directory=directory)
        await allow.prepare()

        async def listen(*, task_status: anyio.abc.TaskStatus[object]) -> None:
            await serve(greet, "127.0.0.1", 0, require=Policy(authorize=allow), task_status=task_status)

        listener = await tasks.start(listen)
        port = listener.extra(SocketAttribute.local_port)
        await call(port, DefaultCredential())
        await call(port, CredentialCache(os.environ["ADMIN_CCNAME"]))
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    # Each decision is a line of the log asyncauth.audit; what a client is not told stands there.
    audit = logging.getLogger("asyncauth.audit")
    audit.addHandler(logging.StreamHandler(sys.stdout))
    audit.setLevel(logging.INFO)
    logging.getLogger("asyncauth").addHandler(logging.NullHandler())
    anyio.run(main)
