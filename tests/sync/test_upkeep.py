"""What a sweep has looked at: everything now and then, and nothing twice."""

from shared.sync.pairs.upkeep import FULL_SWEEP_EVERY
from shared.sync.rules import BOARDS, PPM
from tests.sync.place import PAIR, Place


def hints(place: Place) -> list[tuple[str, str | None, str]]:
    """Of one sweep: the link, or the side and the item."""
    place.looks.messages.clear()
    place.upkeep.sweep()
    return sorted((look.link, look.side, look.item) for _, _, look in place.looks.messages)


def test_the_first_sweep_names_each_item_once() -> None:
    place = Place()
    epic, story, task = place.add("Epic"), place.add("Story"), place.task("Task")
    assert hints(place) == [("", "boards", epic), ("", "boards", story), ("", "ppm", task)]


def test_a_full_sweep_names_each_link_once_and_what_nobody_owns() -> None:
    place = Place()
    link, nobodys = place.linked(), place.task("Nobody's")
    hints(place)
    assert hints(place) == []
    place.now += FULL_SWEEP_EVERY
    assert hints(place) == [("", "ppm", nobodys), (link.id, None, "")]


def test_a_full_sweep_names_the_items_of_a_link_that_is_no_more() -> None:
    place = Place()
    link = place.linked()
    place.counterparts.unlink(PAIR, [f"boards:{link.ids[BOARDS]}"])
    hints(place)
    place.now += FULL_SWEEP_EVERY
    assert hints(place) == [("", "boards", link.ids[BOARDS]), ("", "ppm", link.ids[PPM])]
