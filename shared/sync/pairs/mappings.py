"""The field rules of a pair, seen and changed one by one: judged as a whole, counted, saved, and put into effect."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from shared.configuration import Pair
from shared.errors import Refused, Stale
from shared.links import Look
from shared.model import SideName
from shared.ports import Looks
from shared.sync.pairs import configured, field_rows, mapping_edits
from shared.sync.pairs.configured import Facts
from shared.sync.pairs.defaults import LeftOut, defaults
from shared.sync.pairs.desk import Desk
from shared.sync.pairs.field_rows import Json
from shared.sync.pairs.mapping_edits import Document, Edit, Rules
from shared.sync.pairs.reach import Reach, reach

KNOWN_EVERYWHERE_SECONDS = 10  # by then no worker follows the old rules (`ConfigurationStore.read`)

type _Make = Callable[[Rules, Mapping[SideName, Facts]], tuple[Rules, tuple[LeftOut, ...]]]


class Documents[Judged](Protocol):
    """The configuration as a document, which holds more than pairs."""

    def document(self) -> tuple[Document, str]:
        """It as it is at this moment, and its generation."""
        ...

    def judged(self, document: Document) -> Judged:
        """One that may take its place; `Refused` with every fault and its path (`pairs[0].fields[1].policy`)."""
        ...

    def take(self, judged: Judged, expected: str | None) -> str:
        """Put it in place and return its generation; `Stale` where another than `expected` is in force."""
        ...


class FieldMappings:
    def __init__(self, desk: Desk, looks: Looks, documents: Documents[Any]) -> None:
        self._desk = desk
        self._looks = looks
        self._documents = documents

    def show(self, pair: str, *, choices: bool) -> Json:
        """The rules in order and what does not fit the sides any more; with `choices`, what can be mapped to what."""
        facts = self._desk.pairs.facts(pair)
        document, generation = self._documents.document()
        told = _pair(document, pair)
        return {
            "fields": field_rows.rules(told, facts),
            "faults": field_rows.faults(configured.unfit(told, facts)),
            **({"choices": field_rows.choices(facts)} if choices else {}),
            "generation": generation,
        }

    def change(self, pair: str, edit: Edit, *, expected: str | None, dry: bool) -> Json:
        """The rules after an edit, and how many linked items it touches. Unless `dry`, they are in force from now on.

        `expected` is the generation that the editor has seen; another one in force refuses the edit (412). Without it,
        an edit that was overtaken is made once more, of what is there then.
        """
        return self._attempt(pair, lambda rules, facts: (edit(rules), ()), expected, dry=dry)

    def reset(self, pair: str, *, expected: str | None, dry: bool) -> Json:
        """The same for the rules that a pair begins with, in place of all there are."""
        return self._attempt(pair, lambda rules, facts: defaults(facts), expected, dry=dry)

    def _attempt(self, pair: str, make: _Make, expected: str | None, *, dry: bool) -> Json:
        try:
            return self._change(pair, make, expected, dry=dry)
        except Stale as stale:
            if expected is not None:
                raise _overtaken() from stale
        return self._change(pair, make, expected, dry=dry)

    def _change(self, pair: str, make: _Make, expected: str | None, *, dry: bool) -> Json:
        facts = self._desk.pairs.facts(pair)
        document, generation = self._documents.document()
        if expected not in (None, generation):
            raise _overtaken()
        before = mapping_edits.rules_of(document, pair)
        made, left_out = make(before, facts)
        after = tuple(rule if rule in before else mapping_edits.written(rule, facts) for rule in made)
        edited = mapping_edits.with_rules(document, pair, after)
        judged = self._judged(edited, pair, before, after)
        found = self._reach(_pair(document, pair), _pair(edited, pair), facts)
        if not dry:
            generation = self._documents.take(judged, generation)
            self._put_into_effect(pair, found)
        return {
            "fields": field_rows.rules(_pair(edited, pair), facts),
            **found.shown,
            "left_out": [{"name": name, "why": why} for name, why in left_out],
            "saved": not dry,
            "generation": generation,
        }

    def _put_into_effect(self, pair: str, found: Reach) -> None:
        """Now, and not within the hour; what is parked is tried again."""
        looks = (Look(pair, link=link.id, retry=bool(link.parked)) for link in found.to_look_at)
        self._looks.send_all(looks, KNOWN_EVERYWHERE_SECONDS)

    def _judged(self, document: Document, pair: str, before: Rules, after: Rules) -> Any:
        """What the configuration says of the document, told as one who edits this pair knows it."""
        try:
            return self._documents.judged(document)
        except Refused as refused:
            new = [index for index, rule in enumerate(after) if rule not in before]
            place, rule = mapping_edits.place_of(document, pair), new[0] if len(new) == 1 else None
            faults = [mapping_edits.below(fault, place, rule) for fault in refused.faults]
            raise Refused(refused.status, "the field rules were not taken", faults) from refused

    def _reach(self, before: Pair, after: Pair, facts: Mapping[SideName, Facts]) -> Reach:
        old, new = configured.rules(before, facts), configured.rules(after, facts)
        with self._desk.sides(after.name) as sides:
            return reach(old, new, list(self._desk.store.links(after.name)), sides, self._desk.clock)


def _pair(document: Document, name: str) -> Pair:
    return Pair.model_validate(mapping_edits.pair_in(document, name))


def _overtaken() -> Refused:
    return Refused(412, "the configuration was changed meanwhile; read the rules again, then repeat")
