"""A discovery backend of one's own: a folder with a text file for each service.

Whatever has a `resolve` method is a resolver, whatever has `publish` and `withdraw` a publisher; nothing is
inherited. A backend decides two things: where a service is, and whom the client will insist on, the SPN. So the
folder must be writable only for those who may decide that.

Run it where `asyncauth realm` has been exported.
"""

from __future__ import annotations

import tempfile

import anyio
from anyio.abc import SocketAttribute

from asyncauth import AuthenticatedStream, MalformedRecord, ServiceNotFound, Target, connect_service, serve
from asyncauth.abc import ServiceQuery
from asyncauth.discovery import first_of


class Folder:
    """Each file is named after a service and says in one line: host port SPN."""

    def __init__(self, path: str) -> None:
        self._path = anyio.Path(path)

    async def resolve(self, query: ServiceQuery, /) -> list[Target]:
        file = self._path / query.service
        try:
            text = await file.read_text()
        except FileNotFoundError:
            raise ServiceNotFound(f"{file} does not exist", fix="start the service") from None
        try:
            host, port, spn = text.split(maxsplit=2)
            return [Target(host, int(port), spn.strip(), source=str(file))]
        except ValueError as error:
            raise MalformedRecord(f"{file} does not say host, port and SPN: {error}") from error

    async def publish(self, record: Target, /) -> bool:
        file = self._path / record.spn.service_class
        text = f"{record.host} {record.port} {record.spn}\n"
        if await file.exists() and await file.read_text() == text:
            return False
        await file.write_text(text)
        return True

    async def withdraw(self, record: Target, /) -> bool:
        file = self._path / record.spn.service_class
        existed = await file.exists()
        await file.unlink(missing_ok=True)
        return existed


async def greet(stream: AuthenticatedStream) -> None:
    async with stream:
        await stream.send(f"good day, {stream.info.peer}".encode())


async def listen(*, task_status: anyio.abc.TaskStatus[object]) -> None:
    await serve(greet, "127.0.0.1", 0, task_status=task_status)


async def main() -> None:
    async with anyio.create_task_group() as tasks:
        listener = await tasks.start(listen)
        with tempfile.TemporaryDirectory() as path:
            port = listener.extra(SocketAttribute.local_port)
            folder = Folder(path)
            await folder.publish(Target("localhost", port, "ADSockAuth/localhost"))
            async with await connect_service("ADSockAuth", first_of(folder)) as stream:
                print((await stream.receive()).decode())
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main)
