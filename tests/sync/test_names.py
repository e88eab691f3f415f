"""A pair's name and its PPM project stay together while items are linked, whatever becomes of the configuration."""

from typing import Any

import pytest

from shared.configuration import Configuration
from shared.sync.pairs.names import PairNames
from shared.sync.rules import BOARDS
from tests.sync.place import PAIR, ROADMAP, WANTED, Place, document

PLAN, OTHER = ROADMAP["ppm"], {"connection": "ppm", "project": "other"}
KEPT = "the links of this PPM project are kept under 'roadmap'"
TAKEN = "the links under 'roadmap' are of the PPM project 'plan'"


def pairs(*pairs: dict[str, Any], url: str = "https://api-us.ppm.express/@contoso/v1.0") -> Configuration:
    given = document()
    given["connections"]["ppm"]["url"] = url
    return Configuration.model_validate(given | {"pairs": [ROADMAP | pair for pair in pairs]})


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def names(place: Place) -> PairNames:
    names = PairNames(place.store, place.cursors)
    names.remember(pairs({}))
    return names


@pytest.mark.parametrize(
    ("wanted", "faults"),
    [
        (pairs({"name": "road-map"}), {"pairs[0].name": KEPT}),
        (pairs({"name": "road-map", "ppm": PLAN | {"project": "PLAN"}}), {"pairs[0].name": KEPT}),
        (pairs({"ppm": OTHER}), {"pairs[0].ppm.project": TAKEN}),
        (
            pairs({"name": "new"}, {"ppm": OTHER}),
            {"pairs[0].name": KEPT, "pairs[1].ppm.project": TAKEN},
        ),
        (pairs({}), {}),
        (pairs({"name": "new", "ppm": OTHER}), {}),
        (pairs({"ppm": PLAN | {"project": "Plan"}}), {}),
        (pairs({}, url="https://api-eu.ppm.express/@contoso/v1.0"), {}),
    ],
)
def test_a_pair_keeps_to_the_links_of_its_project(
    place: Place, names: PairNames, wanted: Configuration, faults: dict[str, str]
) -> None:
    place.linked()
    found = dict(names.faults(wanted))
    assert found.keys() == faults.keys()
    assert all(fault in found[path] for path, fault in faults.items())


def test_a_connection_may_be_renamed(place: Place, names: PairNames) -> None:
    place.linked()
    given = document(ppm=PLAN | {"connection": "pmo"})
    given["connections"]["pmo"] = given["connections"].pop("ppm")
    assert list(names.faults(Configuration.model_validate(given))) == []
    given["pairs"][0]["name"] = "road-map"
    assert [path for path, _ in names.faults(Configuration.model_validate(given))] == ["pairs[0].name"]


def test_a_pair_that_was_taken_away_comes_back_under_its_name(place: Place, names: PairNames) -> None:
    place.linked()
    names.remember(pairs())
    assert [path for path, _ in names.faults(pairs({"name": "road-map"}))] == ["pairs[0].name"]
    assert list(names.faults(pairs({}))) == []


def test_what_is_being_created_is_linked(place: Place, names: PairNames) -> None:
    place.counterparts.create(PAIR, BOARDS, [place.add("Plan")], [], WANTED, dry=False)
    assert [path for path, _ in names.faults(pairs({"name": "road-map"}))] == ["pairs[0].name"]


def test_a_pair_without_living_links_may_be_called_anything_and_takes_its_new_name(
    place: Place, names: PairNames
) -> None:
    link = place.linked()
    place.counterparts.unlink(PAIR, [f"boards:{link.ids[BOARDS]}"])
    renamed = pairs({"name": "road-map"}, {"ppm": OTHER})
    assert list(names.faults(renamed)) == []
    names.remember(renamed)
    place.linked("Another")  # under 'roadmap', which is the other project's by now
    assert list(names.faults(renamed)) == []
    assert [path for path, _ in names.faults(pairs({}))] == ["pairs[0].ppm.project"]
