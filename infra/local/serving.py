"""ASGI applications on a loopback port, inside a program that has its own idea of when to stop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 2


class PortTaken(Exception):
    """The port cannot be listened on; the text says what to do."""


def listen(address: str, port: int) -> socket.socket:
    """A socket bound to the port; 0 takes a free one."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms for a delayed acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        raise PortTaken(f"port {port} of {address} cannot be used ({error.strerror}): choose another") from None
    return listening


def port_of(listening: socket.socket) -> int:
    return listening.getsockname()[1]


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, listening: socket.socket, *, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[None]:
    """Serve `app` while the block runs, over HTTPS with a certificate; open requests get a moment at the end."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        if certificate:  # an idle client never answers the goodbye of TLS, which would be waited for
            for connection in list(server.server_state.connections):
                connection.transport.abort()
        await task


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers, which would end the program before it has stopped in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
