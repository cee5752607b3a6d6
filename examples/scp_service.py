"""A service that publishes itself as a service connection point, and its client.

    python examples/scp_service.py         # publishes, registers the SPN, serves, withdraws at the end
    python examples/scp_service.py call    # locates it by its keyword and talks to it

The client knows nothing but the keyword: host, port and SPN come from the directory. In production an
administrator publishes and registers once, at installation; here one program does it all, with the ticket in
ADMIN_CCNAME. Run it where `asyncauth realm` has been exported.
"""

from __future__ import annotations

import os
import sys

import anyio
from anyio.abc import SocketAttribute

from asyncauth import AuthenticatedStream, connect_service, serve
from asyncauth.discovery import Directory, Dns, ServiceConnectionPoint, ServiceConnectionPoints, SpnRegistry
from asyncauth.mechanisms import CredentialCache, DefaultCredential, Kerberos

KEYWORD = "a762885a-aa44-11d2-81f1-00c04fb9624e"  # the product's GUID
CLASS = "ADSockAuth"
ACCOUNT = os.environ.get("SERVICE_ACCOUNT", "sockauth")


def directory(credential: CredentialCache | DefaultCredential) -> Directory:
    domain = os.environ["ASYNCAUTH_DOMAIN"]
    return Directory(domain, Kerberos(credential), dns=Dns(os.environ.get("ASYNCAUTH_NAMESERVER")))


async def echo(stream: AuthenticatedStream) -> None:
    async with stream:
        async for data in stream:
            await stream.send(data)


async def service() -> None:
    async with (
        directory(CredentialCache(os.environ["ADMIN_CCNAME"])) as ad,
        anyio.create_task_group() as tasks,
    ):
        listener = await tasks.start(listen)
        domain = (await ad.root()).text("defaultNamingContext")
        record = ServiceConnectionPoint(
            name="SockAuthAD",
            parent=f"CN=System,{domain}",
            service_class=CLASS,
            host="localhost",
            port=listener.extra(SocketAttribute.local_port),
            keywords=(KEYWORD, "asyncauth example"),
        )
        points, spns = ServiceConnectionPoints(ad), SpnRegistry(ad)
        await points.publish(record)
        published = await points.published(record)
        assert published is not None
        await spns.register(published.spn, ACCOUNT)
        print(f"published {published.spn}", flush=True)
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await spns.unregister(published.spn, ACCOUNT)
                await points.withdraw(record)


async def listen(*, task_status: anyio.abc.TaskStatus[object]) -> None:
    await serve(echo, "localhost", 0, task_status=task_status)


async def client() -> None:
    async with directory(DefaultCredential()) as ad:
        where = ServiceConnectionPoints(ad, service_class=CLASS)
        async with await connect_service(KEYWORD, where) as stream:
            await stream.send(b"found by keyword")
            print(f"{(await stream.receive()).decode()}, it is {stream.info.target}")


if __name__ == "__main__":
    anyio.run(client if sys.argv[1:] == ["call"] else service)
