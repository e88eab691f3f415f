"""What every message asks before it begins, looked up once a second for all messages of a worker.

A message that begins with a word a second old is one that began a second earlier: what it then does is guarded by the
etags of what it saves. Our own word is known at once, and a word that must not outlive itself is not remembered.
"""

import time
from collections.abc import Callable
from threading import Lock

SECONDS = 1.0


class Recent[T]:
    """Words by name; `worth` says which may be remembered. Safe to share between threads."""

    def __init__(self, worth: Callable[[T], bool], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._worth = worth
        self._monotonic = monotonic
        self._lock = Lock()
        self._known: dict[str, tuple[T, float]] = {}

    def word(self, name: str, look: Callable[[], T]) -> T:
        """What is known of `name`, or what `look` finds; one looks while the others wait for what is found."""
        with self._lock:
            known, now = self._known.get(name), self._monotonic()
            if known is not None and now < known[1]:
                return known[0]
            found = look()
            if self._worth(found):
                self._known[name] = found, now + SECONDS
            return found

    def forget(self, name: str) -> None:
        """After another word was written."""
        with self._lock:
            self._known.pop(name, None)
