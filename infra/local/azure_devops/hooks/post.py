"""One POST over the loopback, on the event loop and without waiting for anything else.

Not a client library: a receiver of hooks gets one plain request per connection, and only its status counts.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 20
LONGEST_BODY = 2_000


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str


def is_loopback(url: str) -> bool:
    """Whether the address is one of this machine; nothing else is ever posted to."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    try:
        return ip_address(parts.hostname).is_loopback
    except ValueError:
        return parts.hostname == "localhost"


async def post(url: str, headers: Mapping[str, str], body: bytes, *, trust_all: bool = False) -> Reply:
    """Raises OSError when nobody answers (TimeoutError is one), ValueError when it is no HTTP."""
    parts = urlsplit(url)
    context = None
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if trust_all:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = parts.port or (443 if context else 80)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            lines = {"Host": parts.netloc.rpartition("@")[2], "Content-Length": str(len(body)), "Connection": "close"}
            head = "".join(f"{name}: {value}\r\n" for name, value in (lines | dict(headers)).items())
            writer.write(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
            await writer.drain()
            return await _read(reader)
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Reply:
    first = (await reader.readline()).decode("latin-1")
    words = first.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
        raise ValueError(f"The receiver answered {first!r}, which is no HTTP.")
    length = LONGEST_BODY
    while line := (await reader.readline()).strip().lower():
        if line.startswith(b"content-length:"):
            length = min(int(line.partition(b":")[2]), LONGEST_BODY)
    text = b"" if length == 0 or words[1] == "204" else await reader.read(length)
    return Reply(int(words[1]), text.decode(errors="replace"))
