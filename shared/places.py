"""Where an area or team is now that was once called so: they are renamed and moved, and their ids stay.

Separate from the promises because each of them is configured with names, which people write, and keeps working with
ids, which people do not see.
"""

from collections.abc import Mapping
from typing import Literal

from shared.ports import Cursors


class PlaceMemory:
    """Remembers the id of every configured area path and team name that it has seen, in `cursors`."""

    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors
        self._remembered: dict[str, str] = {}

    def locate(self, kind: Literal["area", "team"], project: str, name: str, live: Mapping[str, str]) -> str | None:
        """What is called now what was configured as `name`; None if it was deleted or never was.

        `live` are those of the project now, id to name. A name that is there is taken as it stands.
        """
        place = f"{kind}|{project}|{name}".casefold()
        id = next((id for id, now in live.items() if now.casefold() == name.casefold()), None)
        if id is None:
            return live.get(self._remembered.get(place) or self._cursors.read(place) or "")
        if self._remembered.get(place) != id:
            self._cursors.write(place, id)
            self._remembered[place] = id
        return live[id]
