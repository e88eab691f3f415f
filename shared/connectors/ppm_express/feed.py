"""Which tasks changed since a cursor, found by comparing two listings of a project. No I/O.

A cursor remembers the former listing as a table of digests: each task falls into a bucket by its id, and a bucket
digests the tasks in it. So it has a fixed largest size that fits into one cell of Table Storage, 16 KB whatever the
project, where a digest for each task with its id would not. The price is that tasks sharing a bucket with one that
changed are named too, which costs a look at them, and that a deleted task is not named.
"""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterator, Mapping
from hashlib import sha256

from shared.errors import Park

BUCKETS = 4096
BYTES = 3  # of each digest: a change stays unseen once in 16 million
FORM = "1:"  # of the cursor; another one is another table

type Versions = Mapping[str, str]  # of each task, by id


def cursor(versions: Versions) -> str:
    table = bytearray(BUCKETS * BYTES)
    for id, version in versions.items():
        place = _bucket(id) * BYTES
        digest = sha256(f"{id} {version}".encode()).digest()
        for number in range(BYTES):
            table[place + number] ^= digest[number]
    return FORM + urlsafe_b64encode(zlib.compress(bytes(table))).decode()


def changed(versions: Versions, before: str, now: str) -> Iterator[str]:
    """The tasks that may differ between two cursors, the later made of `versions`."""
    old, new = _table(before), _table(now)
    for id in versions:
        place = slice(_bucket(id) * BYTES, (_bucket(id) + 1) * BYTES)
        if old[place] != new[place]:
            yield id


def _bucket(id: str) -> int:
    return int.from_bytes(sha256(id.encode()).digest()[-2:]) % BUCKETS


def _table(cursor: str) -> bytes:
    try:
        table = zlib.decompress(urlsafe_b64decode(cursor.removeprefix(FORM))) if cursor.startswith(FORM) else b""
    except (Error, ValueError, zlib.error):
        table = b""
    if len(table) != BUCKETS * BYTES:
        raise Park("this is no cursor of a PPM Express project; begin again without one")
    return table
