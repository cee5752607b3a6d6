"""A service that registers itself by Winsock registration and resolution (RnR), and its client.

    python examples/rnr_service.py         # registers, serves, removes itself at the end
    python examples/rnr_service.py call    # locates it by its name and talks to it

The SPN is composed from the entry's distinguished name, cn=<service>,cn=WinsockServices,cn=System,<domain DN>,
on both sides. As in scp_service.py, ADMIN_CCNAME stands for the administrator who installs the service.
"""

from __future__ import annotations

import os
import sys
from uuid import UUID

import anyio
from anyio.abc import SocketAttribute

from asyncauth import AuthenticatedStream, connect_service, serve
from asyncauth.discovery import Directory, Dns, SpnRegistry, WinsockService, WinsockServices
from asyncauth.mechanisms import CredentialCache, DefaultCredential, Kerberos

NAME = "WinSockRnRSampleService"
CLASS = "ADSockAuth"
CLASS_ID = UUID("a9033bc1-eca4-11cf-a054-00aa006c33ed")
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
        address = ("127.0.0.1", listener.extra(SocketAttribute.local_port))
        record = WinsockService(NAME, CLASS, CLASS_ID, host="localhost", addresses=[address])
        services, spns = WinsockServices(ad), SpnRegistry(ad)
        await services.publish(record)
        published = await services.published(record)
        assert published is not None
        await spns.register(published.spn, ACCOUNT)
        print(f"registered {published.spn}", flush=True)
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await spns.unregister(published.spn, ACCOUNT)
                await services.withdraw(record)
                await services.remove_class(CLASS_ID)


async def listen(*, task_status: anyio.abc.TaskStatus[object]) -> None:
    await serve(echo, "127.0.0.1", 0, task_status=task_status)


async def client() -> None:
    async with directory(DefaultCredential()) as ad:
        where = WinsockServices(ad, service_class=CLASS)
        async with await connect_service(NAME, where) as stream:
            await stream.send(b"found by name")
            print(f"{(await stream.receive()).decode()}, it is {stream.info.target}")


if __name__ == "__main__":
    anyio.run(client if sys.argv[1:] == ["call"] else service)
