"""A relay before a server that counts the requests that pass: what a push or a sweep really costs, seen from outside.

Separate from the measurement of times, which it would spoil.
"""

import asyncio
import re
import threading
from collections import Counter
from concurrent.futures import Future
from typing import Self

from infra.local.azurite import ACCOUNT


class CountingRelay:
    """`with CountingRelay(port) as relay:` passes `relay.port` on to `port`; `counts` are by method and first name.

    The names follow `root` in the address: by default the account of the storage emulator.
    """

    def __init__(self, to_port: int, root: str = ACCOUNT) -> None:
        self.counts: Counter[str] = Counter()
        # A client sends its next request after it has the answer, so that every request begins where a read begins.
        self._request = re.compile(rf"([A-Z]+) /{root}/([^/?( ]+)".encode())
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._listening: Future[int] = Future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._listening.result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._listening.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        server.close_clients()
        await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, onward = await asyncio.open_connection("127.0.0.1", self._to_port)
        await asyncio.gather(self._pass_on(reader, onward, count=True), self._pass_on(answers, writer))

    async def _pass_on(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, count: bool = False) -> None:
        try:
            while chunk := await source.read(2**16):
                if count and (request := self._request.match(chunk)):
                    self.counts[b" ".join(request.groups()).decode()] += 1
                to.write(chunk)
                await to.drain()
        except ConnectionError:
            pass
        finally:
            to.close()
