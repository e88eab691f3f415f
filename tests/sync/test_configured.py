"""A pair as the configuration writes it becomes rules, or is refused with every fault and its path."""

from typing import Any

import pytest

from shared.configuration import Configuration, FieldMapping
from shared.errors import NotFound, Refused, RetryLater, StopConnection
from shared.model import FieldInfo, FieldType, SideName
from shared.sync.pairs.configured import ConfiguredPairs, Facts, law, live_faults, rules, unfit
from shared.sync.rules import BOARDS, PPM, DeletePolicy, Direction, HierarchyRule, MassLimits, Policy, ValueMap
from tests.memory.sides import MemorySide
from tests.sync.place import FIELDS, ROADMAP, STATES, Place, configured

FACTS = {side: Facts(kind, {info.key: info for info in FIELDS[side]}, steps) for side, kind, steps in [
    (BOARDS, "azure_devops", ()), (PPM, "ppm_express", (0, 50, 100))]}  # fmt: skip


def pair(**change: Any):
    return configured(**change).pairs[0]


def test_types_are_what_the_sides_say_and_keys_are_as_they_write_them():
    made = rules(pair(), FACTS)
    assert [(rule.boards.key, rule.boards.type, rule.ppm.type) for rule in made.fields] == [
        ("System.Title", FieldType.TEXT, FieldType.TEXT),
        ("System.State", FieldType.STATE, FieldType.PICKLIST),
    ]


def test_all_words_are_read_and_the_first_is_written():
    state = rules(pair(), FACTS).fields[1]
    assert state.boards.words == ValueMap(
        {"New": "todo", "Active": "doing", "Closed": "done", "Resolved": "done"},
        {"todo": "New", "doing": "Active", "done": "Closed"},
    )


def test_a_date_is_a_moment_in_azure_devops_and_a_day_in_the_ppm_tool():
    [rule] = rules(
        pair(fields=[{"name": "start", "boards": "Custom.Start", "ppm": "StartDate"}], zone="Europe/Berlin"), FACTS
    ).fields
    assert (rule.boards.written_as, rule.ppm.written_as, rule.zone) == ("timestamp", "date", "Europe/Berlin")


def test_what_the_document_says_of_a_field_goes_before_what_its_side_says():
    boards = {"field": "System.Title", "type": "percent", "format": "1"}
    ppm = {"field": "Name", "type": "percent"}
    [rule] = rules(pair(fields=[{"name": "done", "boards": boards, "ppm": ppm}]), FACTS).fields
    assert (rule.boards.type, rule.boards.written_as) == (FieldType.PERCENT, "1")
    assert rule.ppm.steps == (0, 50, 100), "which percentages a side keeps, it says itself"


def test_policies_limits_and_kinds_are_taken_over():
    made = rules(
        pair(
            hierarchy={"direction": "to_ppm", "policy": "ask"},
            deletes="bin",
            adopt=["ppm"],
            limits={"deletions": 2},
            boards={"projects": ["A", "B"], "home": "B", "kinds": {"Task": "Bug"}},
        ),
        FACTS,
    )
    assert made.hierarchy == HierarchyRule(True, Direction.TO_PPM, Policy.ASK)
    assert (made.deletes, made.adopt, made.limits) == (DeletePolicy.BIN, {PPM}, MassLimits(deletions=2))
    assert (made.homes[BOARDS], made.kinds[PPM]) == ("B", {"Task": "Bug"})


@pytest.mark.parametrize(
    ("fields", "where", "fix"),
    [
        (
            [{"name": "a", "boards": "System.Titel", "ppm": "Name"}],
            "fields[0].boards.field",
            "do you mean System.Title",
        ),
        ([{"name": "a", "boards": "System.Title", "ppm": "Start Date"}], "fields[0].ppm.field", "you mean StartDate?"),
        ([{"name": "a", "boards": "System.State", "ppm": "Status"}], "fields[0].ppm.field", "the direction to_boards"),
        ([{"name": "a", "boards": "System.Title", "ppm": "StartDate"}], "fields[0].ppm.field", "text and date"),
        ([{"name": "a", "boards": "System.Title", "ppm": "Name", "policy": "merge"}], "fields[0].policy", "merge"),
        (
            [
                {"name": "a", "boards": "System.Title", "ppm": "Name", "direction": "to_boards"},
                {"name": "b", "boards": "System.Title", "ppm": "Step", "direction": "to_boards"},
            ],
            "fields",
            "2 rules write the boards field 'System.Title'",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(fields, where, fix):
    found = dict(unfit(pair(fields=fields), FACTS))
    assert where in found, found
    assert fix in found[where]


def test_a_field_that_is_switched_off_need_not_fit():
    assert unfit(pair(fields=[{"name": "a", "boards": "No", "ppm": "Nope", "active": False}]), FACTS) == ()


def test_a_field_that_is_only_read_may_be_read_only():
    one_way = {"name": "a", "boards": "System.State", "ppm": "Status", "direction": "to_boards"}
    assert unfit(pair(fields=[one_way]), FACTS) == ()


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (STATES, None),
        (STATES | {"later": {"boards": "Parked"}}, "boards can say 'later', for which ppm has no word"),
    ],
)
def test_the_law_of_value_maps_names_the_offending_values(values, fault):
    mapping = FieldMapping.model_validate({"name": "s", "boards": "S", "ppm": "T", "values": values})
    assert law(mapping) == ((("values.later", fault),) if fault else ())


def test_a_one_way_map_needs_the_words_of_its_way_only():
    values = STATES | {"later": {"boards": "Parked"}}
    mapping = {"name": "s", "boards": "S", "ppm": "T", "values": values, "direction": "to_boards"}
    assert law(FieldMapping.model_validate(mapping)) == ()


# ---------------------------------------------------------------- asking the sides


class Refusing(MemorySide):
    """A side that raises when it is asked whether it can be worked with."""

    def __init__(self, name: SideName, error: Exception) -> None:
        super().__init__(name, lambda: pytest.fail("nobody asks for the time"))
        self._error = error

    def check(self) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("side", "error", "path"),
    [
        (BOARDS, NotFound("no project"), "pairs[0].boards.projects"),
        (PPM, NotFound("no project"), "pairs[0].ppm.project"),
        (BOARDS, StopConnection("expired", "contoso"), "connections.contoso"),
        (PPM, StopConnection("expired", "ppm"), "connections.ppm"),
    ],
)
def test_a_side_that_refuses_us_is_a_fault_of_what_names_it(side, error, path):
    place = Place()
    sides = {**place.sides, side: Refusing(side, error)}
    assert live_faults(place.configuration, lambda configuration, pair: sides) == [(path, error.reason)]


def test_live_faults_have_the_path_of_the_document():
    wrong = {"name": "a", "boards": "System.Title", "ppm": "Nam"}
    place = Place(fields=[ROADMAP["fields"][0], wrong])
    [(path, fix)] = live_faults(place.configuration, lambda configuration, pair: place.sides)
    assert (path, fix) == ("pairs[0].fields[1].ppm.field", "there is no field 'Nam' on ppm: do you mean Name?")


def test_rules_are_made_once_for_each_generation():
    place, asked = Place(), []
    now: list[Any] = [place.configuration, "1"]

    def configuration() -> tuple[Configuration, str]:
        return now[0], now[1]

    def doors(pair: str):
        asked.append(pair)
        return place.sides

    pairs = ConfiguredPairs(configuration, doors)
    assert pairs.rules("roadmap") is pairs.rules("roadmap")
    now[:] = configured(deletes="bin"), "2"
    assert pairs.rules("roadmap").deletes is DeletePolicy.BIN
    assert len(asked) == 2


def test_a_pair_whose_field_has_gone_waits_and_says_for_what():
    place = Place()
    place.sides[PPM]._infos = {"Title": FieldInfo("Title", "Title", FieldType.TEXT)}
    with pytest.raises(RetryLater, match="there is no field 'Name' on ppm"):
        place.configured.rules("roadmap")


def test_an_unknown_pair_is_refused():
    with pytest.raises(Refused, match="there is no pair 'nowhere': roadmap"):
        Place().configured.rules("nowhere")
