"""Where an area is now that was once called so: areas are renamed and moved, and their node ids stay.

Separate from the promises because each of them is configured with area paths, which people write, and keeps working
with nodes, which people do not see.
"""

from collections.abc import Mapping

from shared.ports import Cursors


class AreaMemory:
    """Remembers the node of every configured area path that it has seen, in `cursors`."""

    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors
        self._remembered: dict[str, str] = {}

    def locate(self, project: str, area: str, live: Mapping[str, str]) -> str | None:
        """The path of the area that was configured as `area`; None if it was deleted or never was.

        `live` are the project's areas now, node id to path. A path that is there is taken as it stands.
        """
        name = f"area|{project}|{area}".casefold()
        node = next((node for node, path in live.items() if path.casefold() == area.casefold()), None)
        if node is None:
            return live.get(self._remembered.get(name) or self._cursors.read(name) or "")
        if self._remembered.get(name) != node:
            self._cursors.write(name, node)
            self._remembered[name] = node
        return live[node]
