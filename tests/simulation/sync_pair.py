"""The pair that is kept in step in the simulation: two awkward sides, and rules with policies drawn by lot."""

from random import Random

from shared.model import FieldType
from shared.sync.rules import (
    BOARDS,
    PPM,
    SIDES,
    DeletePolicy,
    Direction,
    End,
    FieldRule,
    HierarchyRule,
    MassLimits,
    PairRules,
    Policy,
    ValueMap,
)
from tests.memory.sides import Traits

PAIR = "plan"
STATES = ("New", "Active", "Resolved", "Closed")
STEPS = ("Open", "Running", "Done")
STATE = FieldRule(
    "state",
    End("State", FieldType.STATE, words=ValueMap(
        {"New": "todo", "Active": "doing", "Resolved": "done", "Closed": "done"},
        {"todo": "New", "doing": "Active", "done": "Closed"},
    )),
    End("Step", FieldType.PICKLIST, words=ValueMap(
        {"Open": "todo", "Running": "doing", "Done": "done"}, {"todo": "Open", "doing": "Running", "done": "Done"}
    )),
)  # fmt: skip
TITLE = FieldRule("title", End("Title", FieldType.TEXT), End("Name", FieldType.TEXT))
CODE = FieldRule("code", End("Code", FieldType.TEXT), End("Key", FieldType.TEXT))
TAGS = FieldRule(
    "tags", End("Tags", FieldType.TAGS, "semicolon"), End("Labels", FieldType.TAGS, "list"), policy=Policy.MERGE
)
DUE = FieldRule("due", End("Target", FieldType.DATE, "timestamp"), End("Finish", FieldType.DATE, "date"))
EFFORT = FieldRule(
    "effort",
    End("Effort", FieldType.NUMBER),
    End("Work", FieldType.DURATION, "minutes"),
    direction=Direction.TO_PPM,
    policy=Policy.BOARDS,
)
TOLD_APART = (TITLE, CODE)  # fields whose every value is unique
AWKWARD = {
    BOARDS: Traits(moves_make_revisions=False, shouted=frozenset({"Code"}), trimmed=frozenset({"Title"})),
    PPM: Traits(
        conditional_writes=False,
        history=False,
        trimmed=frozenset({"Name"}),
        whole_days=frozenset({"Finish"}),
        derived=frozenset({"Work"}),
    ),
}
STRICT = {BOARDS: AWKWARD[BOARDS], PPM: Traits(whole_days=frozenset({"Finish"}), trimmed=frozenset({"Name"}))}


def drawn_rules(random: Random) -> PairRules:
    pick = random.choice
    scalar = (Policy.BOARDS, Policy.PPM, Policy.NEWEST, Policy.ASK)
    fields = [FieldRule(r.name, r.boards, r.ppm, policy=pick(scalar)) for r in (TITLE, CODE, STATE, DUE)]
    return PairRules(
        PAIR,
        (*fields, TAGS, EFFORT),
        hierarchy=HierarchyRule(policy=pick((Policy.BOARDS, Policy.PPM))),
        deletes=pick((DeletePolicy.BIN, DeletePolicy.BIN, DeletePolicy.UNLINK)),
        adopt=frozenset(SIDES),
        kinds={BOARDS: {"Story": "Task"}, PPM: {"Task": "Story"}},
        limits=MassLimits(deletions=100, changes=1000),
    )
