"""The product's services, imported when they are first needed.

The platform imports every function before it serves the first one, at each cold start and for each health check; what
the services stand on (storage clients, identity, validation) takes several times as long to import as all the rest.
"""

from functools import cache
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.wiring import Services

_one_at_a_time = Lock()


@cache
def wiring() -> ModuleType:
    from shared import wiring

    return wiring


def services() -> "Services":
    """The services of this worker, built once, however many first calls there are at once."""
    with _one_at_a_time:
        return wiring().services()
