"""What can be created with an item, and what may stand under what, as the backlogs of a process have it."""

import pytest

from shared.model import Level
from shared.sync.pairs import levels
from shared.sync.pairs.levels import Above, Offer
from tests.sync.place import LEVELS

ONLY, EVERYTHING = Offer("item only", ()), Offer("with all subentities", "all")
CUSTOM = (Level("Portfolios", 9, ("Strategy", "Wish")), Level("Boxes", 7, ("Box",)), Level("Parts", 5, ("Part",)))


@pytest.mark.parametrize(
    ("known", "kind", "offers"),
    [
        (
            LEVELS,
            "Epic",
            [
                ONLY,
                Offer("with all sub features", ("Feature",)),
                Offer("with all sub features and user stories", ("Feature", "User Story", "Bug")),
                EVERYTHING,
            ],
        ),
        (LEVELS, "Feature", [ONLY, Offer("with all sub user stories", ("User Story", "Bug")), EVERYTHING]),
        (LEVELS, "Bug", [ONLY, EVERYTHING]),
        (LEVELS, "Task", [ONLY, EVERYTHING]),
        (LEVELS, "Issue", [ONLY, EVERYTHING]),
        (CUSTOM, "Wish", [ONLY, Offer("with all sub boxes", ("Box",)), EVERYTHING]),
        ((), "Task", [ONLY, EVERYTHING]),
    ],
)
def test_an_item_is_offered_with_each_level_below_its_own(known, kind, offers):
    assert list(levels.offers(known, kind)) == offers


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (["Aim", "Story"], "with all sub aims"),
        (["Aim", "Story", "Box"], "with all sub aims and stories"),
        (["Aim", "Story", "Box", "Day"], "with all sub aims, stories and boxes"),
        (["Aim", "Story", "Box", "Day", "Hour"], "with all sub aims, stories, boxes and days"),
    ],
)
def test_labels_name_every_level_in_the_plural(names, label):
    known = [Level(name, rank, (name,)) for rank, name in enumerate([*reversed(names), "Top"])][::-1]
    *_, longest, _ = levels.offers(known, "Top")
    assert longest.label == label


@pytest.mark.parametrize(
    ("kind", "parent", "stands"),
    [
        ("Feature", "Epic", True),
        ("User Story", "Epic", True),
        ("Task", "Bug", True),
        ("Task", "Task", False),
        ("User Story", "Bug", False),
        ("Epic", "Feature", False),
        ("Issue", "Task", True),
        ("Epic", "Issue", True),
    ],
)
def test_an_item_stands_under_a_higher_level(kind, parent, stands):
    assert levels.may_stand_under(LEVELS, kind, levels.of_kind(LEVELS, parent)) == stands


def test_who_stands_wrong_hears_what_may_stand_there():
    kinds = ["Epic", "Feature", "User Story", "Task"]
    above = Above("boards 7", "Feature", levels.of_kind(LEVELS, "Feature"))
    assert levels.misplaced(LEVELS, kinds, "Feature", above) == (
        "no Feature stands under boards 7 (Feature); User Story and Task may"
    )
    assert levels.misplaced(LEVELS, kinds, "Task", above) == ""
