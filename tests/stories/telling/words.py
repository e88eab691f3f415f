"""The words that stories of two sides are told in, and a story read from its file.

A story says what is there at first, who does what, and what there is to be seen at the end. What is not among these
words is refused, so that a slip of the pen never passes for a story that holds.

At first: `in step` (on both sides, and linked), `board` and `plan` (there alone), as outlines. `pair` is as in the
configuration, but has its fields by short names, each with its policy or direction. `awkward` is what a side does that
one would not wish for. `only in memory` says why the simulators cannot tell this story; `fails` has, by ground, why the
product does not yet do what is expected.

Steps: who does what to which item, in the order of time. `board` and `plan` are people there, `operator` is who runs
the product; a `hint` is a message that something moved, a `sweep` the hourly look at everything. Items go by the names
they had when they came, on both sides. `{plan loses the answer: update}` strikes the next such write of the product.

At the end: `board` and `plan` as outlines; `logged` what lost, and to what; `asks` what waits for a person; `told` what
people are told of an item; `held` why the whole pair waits. What the end leaves out must not be there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from shared.sync.rules import BOARDS, PPM, Direction, Policy
from tests.stories.telling import outline
from tests.stories.telling.outline import Entry, Plain
from tests.sync.place import STATES

SIDES = {"board": BOARDS, "plan": PPM}
GROUNDS = ("memory", "simulators")
FIRST = ("in step", "board", "plan")
SEEN = ("board", "plan")
SAID = ("logged", "asks")

# The fields of a pair by their short names. That of PPM Express which holds the state is a text that a tenant added.
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "title": {"boards": "System.Title", "ppm": "Name"},
    "state": {
        "boards": "System.State",
        "ppm": {"field": "Customer Reference", "type": "picklist"},
        "values": STATES,
    },
    "description": {"boards": "System.Description", "ppm": "Description"},
    "start": {"boards": "Microsoft.VSTS.Scheduling.StartDate", "ppm": "StartDate"},
    "estimate": {"boards": "Microsoft.VSTS.Scheduling.OriginalEstimate", "ppm": "Effort"},
    "progress": {"boards": "Microsoft.VSTS.Common.BusinessValue", "ppm": "Progress"},
    "tags": {"boards": "System.Tags", "ppm": "Labels"},
    "owner": {"boards": "System.AssignedTo", "ppm": "AssignedTo"},
}
ITEM = "item"  # what a step is about, whatever it is called there
SHOWN = ("type", "project")  # what is to be seen of an item, besides its fields
MORE = (*SHOWN, "source")  # what it may come with
PAIR = ("fields", "hierarchy", "deletes", "adopt", "limits", "continuous", "people", "zone")
AWKWARD = ("trims", "shouts", "rounds", "ignores", "refuses", "steps", "bin")
AS_SIMULATED = ("rounds", "ignores", "refuses")  # what the plan does on both grounds


@dataclass(frozen=True, slots=True)
class Verb:
    """What a step needs and may have besides its item; `fields`: values of fields, too. `side`: which of its words is
    one. A `deed` changes the end."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    fields: bool = False
    side: str = ""
    deed: bool = True


PEOPLE = {
    "adds": Verb(may=("under", *MORE), fields=True),
    "edits": Verb(fields=True),
    "moves": Verb(needs=("under",)),
    "deletes": Verb(),
    "restores": Verb(),
    "clones": Verb(needs=("as",)),
    "hides": Verb(),
    "shows": Verb(),
    "loses the answer": Verb(deed=False),
}
VERBS: Mapping[str, Verb] = {
    **{f"{side} {what}": verb for side in SIDES for what, verb in PEOPLE.items()},
    "board transfers": Verb(needs=("to",)),
    "operator copies": Verb(needs=("to",), may=("down to", "as", "into", "under"), side="to"),
    "operator links": Verb(needs=("to",)),
    "operator unlinks": Verb(),
    "operator writes": Verb(needs=("items",), may=("what",), side=ITEM),
    "operator takes back": Verb(),
    "operator approves": Verb(),
    "operator retries": Verb(),
    "token expires": Verb(side=ITEM, deed=False),
    "token is renewed": Verb(side=ITEM, deed=False),
    "hint": Verb(needs=("from",), side="from", deed=False),
    "sweep": Verb(deed=False),
}


class Unreadable(Exception):
    """A story that says something which is not among the words; the message says what, and where."""


@dataclass(frozen=True, slots=True)
class Step:
    """`sweep` alone, or who does what to which item, with the rest of the words."""

    verb: str
    item: Any = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def deed(self) -> bool:
        return VERBS[self.verb].deed

    def __str__(self) -> str:
        return " ".join([self.verb, *([str(self.item)] if self.item else [])])


@dataclass(frozen=True, slots=True)
class End:
    """What there is to be seen. `told` has for each item words that what is told must contain, `held` likewise."""

    board: tuple[Entry, ...] = ()
    plan: tuple[Entry, ...] = ()
    logged: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    held: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    sentence: str
    first: Mapping[str, tuple[Entry, ...]]
    steps: tuple[Step, ...]
    end: End
    pair: Mapping[str, Any] = field(default_factory=dict)
    awkward: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    only_in_memory: str = ""
    fails: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> Mapping[str, str]:
        """The pair's fields by their short names, each with its policy or direction."""
        return self.pair.get("fields", {"title": "ask", "state": "boards"})


def read(file: Path) -> Story:
    """Raises `Unreadable`."""
    try:
        return story(yaml.load(file.read_text(), Plain))
    except Unreadable as error:
        raise Unreadable(f"{file.name}: {error}") from None


def story(document: Any) -> Story:
    """Raises `Unreadable`."""
    known = ("story", "pair", "awkward", "only in memory", "fails", *FIRST, "steps", "end")
    _check("a story", document, known, ("story", "steps", "end"))
    _check("pair", document.get("pair", {}), PAIR)
    told = Story(
        sentence=document["story"],
        first={place: _outline(place, document[place], MORE) for place in FIRST if place in document},
        steps=tuple(map(_step, document["steps"])),
        end=_end(document["end"]),
        pair=document.get("pair", {}),
        awkward=document.get("awkward", {}),
        only_in_memory=document.get("only in memory", ""),
        fails=document.get("fails", {}),
    )
    faults = list(_faults(told))
    if faults:
        raise Unreadable("; ".join(faults))
    return told


def configuration(told: Story) -> dict[str, Any]:
    """The story's pair as the configuration has it, without its name and its two ends."""
    rest = {name: value for name, value in told.pair.items() if name != "fields"}
    if isinstance(word := rest.get("hierarchy"), str):
        rest["hierarchy"] = {"direction" if word in Direction else "policy": word}
    fields = [
        {"name": name, **FIELDS[name], "direction" if word in Direction else "policy": word}
        for name, word in told.fields.items()
    ]
    return {"fields": fields, **rest}


def _step(document: Any) -> Step:
    if isinstance(document, str):
        document = {document: None}
    if not isinstance(document, dict) or not document:
        raise Unreadable(f"'{document}' is no step: write who does what")
    (verb, item), *rest = document.items()
    if verb not in VERBS:
        raise Unreadable(f"nobody knows what '{verb}' means{_close(verb, VERBS)}")
    words = VERBS[verb]
    _check(f"'{verb}'", dict(rest), (*words.needs, *words.may, *(FIELDS if words.fields else ())), words.needs)
    side = {ITEM: item, **dict(rest)}.get(words.side, "board")
    if side not in SIDES:
        raise Unreadable(f"'{verb}' speaks of the board or the plan, not of '{side}'")
    return Step(verb, item, dict(rest))


def _end(document: Any) -> End:
    _check("the end", document, (*SEEN, *SAID, "told", "held"))
    return End(
        **{place: _outline(place, document[place], SHOWN) for place in SEEN if place in document},
        **{what: tuple(document[what]) for what in SAID if what in document},
        told=document.get("told", {}),
        held=document.get("held", ""),
    )


def _outline(place: str, text: Any, more: tuple[str, ...]) -> tuple[Entry, ...]:
    try:
        entries = outline.read(text)
    except ValueError as error:
        raise Unreadable(f"{place}: {error}") from None
    for entry in outline.everything(entries):
        _check(f"{place}, '{entry.title}'", entry.says, (*FIELDS, *more))
    return entries


def _faults(told: Story) -> Iterator[str]:
    """What single words do not show."""
    for name, word in told.fields.items():
        if name not in FIELDS:
            yield f"a pair has no field '{name}'{_close(name, FIELDS)}"
        if word not in [*Policy, *Direction]:
            yield f"'{word}' of '{name}' is neither a policy nor a direction"
    for side, ways in told.awkward.items():
        if side not in SIDES or set(ways) - {*AWKWARD}:
            yield f"'{side}' cannot be awkward by {', '.join(ways)}"
        elif not told.only_in_memory and (side != "plan" or set(ways) - {*AS_SIMULATED}):
            yield f"the simulators are awkward in their own ways: say why '{side}' is so `only in memory`"
    if set(told.fails) - {*GROUNDS}:
        yield f"`fails` says why by ground: {' or '.join(GROUNDS)}"
    for entry in (entry for entries in told.first.values() for entry in outline.everything(entries)):
        if entry.alone:
            yield f"where '{entry.title}' stands at first says whether it is linked"
    for side in SEEN:
        titles = [e.title for place in ("in step", side) for e in outline.everything(told.first.get(place, ()))]
        yield from (f"'{title}' is on the {side} twice" for title in {*titles} if titles.count(title) > 1)
    if not any(step.deed for step in told.steps):
        yield "nobody does anything"


def _check(where: str, document: Any, known: tuple[str, ...], needed: tuple[str, ...] = ()) -> None:
    if not isinstance(document, Mapping):
        raise Unreadable(f"{where} is a mapping, not '{document}'")
    for word in document:
        if word not in known:
            raise Unreadable(f"{where} has no '{word}'{_close(word, known)}")
    for word in needed:
        if word not in document:
            raise Unreadable(f"{where} lacks '{word}'")


def _close(word: str, known: Any) -> str:
    close = get_close_matches(str(word), list(known), n=1)
    return f": do you mean '{close[0]}'?" if close else ""
