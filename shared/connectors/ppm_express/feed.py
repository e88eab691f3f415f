"""Which tasks changed since a cursor, found by comparing two listings of a project. No I/O.

A cursor remembers the former listing as a table of digests: each task falls into a bucket by its id, and a bucket
digests the tasks in it. So it has a fixed largest size that fits into one cell of Table Storage, 16 KB whatever the
project, where a digest for each task with its id would not. The price is that tasks sharing a bucket with one that
changed are named too, which costs a look at them, and that a deleted task is not named.
"""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import sha256

from shared.errors import Park

BUCKETS = 4096
BYTES = 3  # of each digest: a change stays unseen once in 16 million
FORM = "1:"  # of the cursor; another one is another table


class Listing:
    """What is kept of a listing while it is read: the table, and the ids. The tasks may be more than memory holds."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self._table = bytearray(BUCKETS * BYTES)

    def add(self, id: str, version: str) -> None:
        if id in self._ids:  # listed twice: in the table, the second time would undo the first
            return
        self._ids[id] = None
        place = _bucket(id) * BYTES
        digest = sha256(f"{id} {version}".encode()).digest()
        for number in range(BYTES):
            self._table[place + number] ^= digest[number]

    def cursor(self) -> str:
        return FORM + urlsafe_b64encode(zlib.compress(bytes(self._table))).decode()

    def changed_since(self, cursor: str) -> tuple[str, ...]:
        """The tasks that may look otherwise than in the listing that a cursor is from."""
        old, new = _table(cursor), self._table
        places = (slice(bucket * BYTES, (bucket + 1) * BYTES) for bucket in range(BUCKETS))
        differs = [old[place] != new[place] for place in places]
        return tuple(id for id in self._ids if differs[_bucket(id)])


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
