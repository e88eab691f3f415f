"""Field rules of the pair in memory, and the few ways in which tests change them and look at what came of it."""

from typing import Any

from shared.sync.pairs.mapping_edits import Edit
from shared.sync.rules import BOARDS, PPM
from tests.sync.place import PAIR, ROADMAP, Place

TITLE, STATE = ROADMAP["fields"]
START = {"name": "start", "boards": "Custom.Start", "ppm": "StartDate"}
AREA = {"name": "area", "boards": "System.AreaPath", "ppm": "Step"}


def change(place: Place, edit: Edit, *, expected: str | None = None, dry: bool = False) -> dict[str, Any]:
    return place.fields.change(PAIR, edit, expected=expected, dry=dry)


def values(place: Place, boards: str, ppm: str) -> tuple[Any, Any]:
    """What the first item of each side says in a field."""
    return place.sides[BOARDS].things["1"].fields.get(boards), place.sides[PPM].things["1"].fields.get(ppm)
