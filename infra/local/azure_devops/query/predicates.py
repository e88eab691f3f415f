"""Which work items a condition means: compiled once per query, then asked of every item.

Comparisons ignore case. A predicate judges each distinct value of its field once and remembers the verdict: over many
items most values come again and again, and a look-up is all that is left to do.
"""

import operator
import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from infra.local.azure_devops.boards.computed import COMPUTED
from infra.local.azure_devops.boards.process import Field
from infra.local.azure_devops.boards.refusals import bad_query
from infra.local.azure_devops.boards.rules import split_tags
from infra.local.azure_devops.boards.store import Revision, WorkItem
from infra.local.azure_devops.query.parser import Comparison, Condition, Either, Every, Not, Order
from infra.local.azure_devops.query.values import Context, Values, field_of, form

type Predicate = Callable[[WorkItem, Revision], bool]
type Judge = Callable[[Any], bool]

SYMBOLS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
WORD = re.compile(r"\w+\*?")


class Compiler:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.values = Values(context)

    def predicate(self, condition: Condition) -> Predicate:
        """Raises ApiError for a condition that cannot be asked."""
        match condition:
            case Every(parts):
                return _every([self.predicate(part) for part in parts])
            case Either(parts):
                return _either([self.predicate(part) for part in parts])
            case Not(part):
                inner = self.predicate(part)
                return lambda item, revision: not inner(item, revision)
            case Comparison():
                test = self._comparison(condition)
                return _ever(test) if condition.ever else test

    def arranged(self, items: list[WorkItem], order: Order) -> list[WorkItem]:
        """By one field: empty values are the least, and dates count with their full time in any precision."""
        field = field_of(order.field.word)
        read = self._reader(field)
        values = [form(field, read(item, item.revisions[-1]), precise=True) for item in items]
        empty = [item for item, value in zip(items, values, strict=True) if value is None]
        full = [(value, item) for item, value in zip(items, values, strict=True) if value is not None]
        full.sort(key=itemgetter(0), reverse=order.descending)
        in_order = [item for _, item in full]
        return in_order + empty if order.descending else empty + in_order

    def _comparison(self, condition: Comparison) -> Predicate:
        field = field_of(condition.field.word)
        if condition.operator.endswith("in group"):
            return self._in_group(field, condition)
        if condition.values and condition.values[0].kind == "field":
            return self._fields(field, condition)
        return self._remembering(field, self._judge(field, condition))

    def _judge(self, field: Field, condition: Comparison) -> Judge:
        """What is asked of a stored value; None is an empty field."""
        word = condition.operator
        match word.removeprefix("not "):
            case "is empty":
                return lambda value: value is None
            case "is not empty":
                return lambda value: value is not None
            case "in":
                wanted = {self.values.wanted(field, value, condition) for value in condition.values}
                return _negated(word, lambda value: self._form(field, value) in wanted)
            case "under":
                return _negated(word, self._under(field, condition))
            case "contains":
                return _negated(word, _contains(field, str(condition.values[0].value).casefold()))
            case "contains words":
                return _negated(word, _contains_words(str(condition.values[0].value).casefold()))
        compare, equality = SYMBOLS[word], word in ("=", "<>")
        right = self.values.wanted(field, condition.values[0], condition)
        return lambda value: _both(compare, self._form(field, value), right, equality)

    def _fields(self, field: Field, condition: Comparison) -> Predicate:
        """One field against another of the same type."""
        if condition.operator not in SYMBOLS:
            raise bad_query(f"{condition.values[0].source} cannot stand in {condition.source}.")
        other = field_of(condition.values[0].value)
        if other.type != field.type:
            raise bad_query(f"The fields of {condition.source} are of different types.")
        compare, equality = SYMBOLS[condition.operator], condition.operator in ("=", "<>")
        left, right = self._reader(field), self._reader(other)
        return lambda i, r: _both(compare, self._form(field, left(i, r)), self._form(other, right(i, r)), equality)

    def _form(self, field: Field, value: Any) -> Any:
        return form(field, value, precise=self.context.time_precision)

    def _reader(self, field: Field) -> Callable[[WorkItem, Revision], Any]:
        name, organisation = field.reference_name, self.context.organisation
        compute = COMPUTED.get(name)
        if compute is not None:
            return lambda item, revision: compute(organisation, item, revision)
        return lambda item, revision: revision.fields.get(name)

    def _remembering(self, field: Field, judge: Judge) -> Predicate:
        verdicts: dict[Any, bool] = {}
        name, read = field.reference_name, self._reader(field)

        def stored(item: WorkItem, revision: Revision) -> bool:
            value = revision.fields.get(name)
            if value in verdicts:
                return verdicts[value]
            verdict = verdicts[value] = judge(value)
            return verdict

        def computed(item: WorkItem, revision: Revision) -> bool:
            return judge(read(item, revision))

        return computed if name in COMPUTED else stored

    def _under(self, field: Field, condition: Comparison) -> Judge:
        if field.type != "treePath":
            raise bad_query(f"The operator of {condition.source} is for area and iteration paths only.")
        top = self.values.wanted(field, condition.values[0], condition)
        below = f"{top}\\"

        def under(value: Any) -> bool:
            path = self._form(field, value)
            return top is not None and path is not None and (path == top or path.startswith(below))

        return under

    def _in_group(self, field: Field, condition: Comparison) -> Predicate:
        """A category of work item types; people are in no group here."""
        wanted, organisation = str(condition.values[0].value).casefold(), self.context.organisation
        verdicts: dict[tuple[str, str], bool] = {}

        def grouped(project: str, kind: str) -> bool:
            categories = organisation.project(project).process.categories
            groups = [c for c in categories if wanted in (c.reference_name.casefold(), c.name.casefold())]
            return any(kind in group.types for group in groups)

        def in_group(item: WorkItem, revision: Revision) -> bool:
            pair = revision.fields["System.TeamProject"], revision.fields["System.WorkItemType"]
            if pair not in verdicts:
                verdicts[pair] = grouped(*pair)
            return verdicts[pair]

        test: Predicate = (lambda item, revision: False) if field.identity else in_group
        return (lambda i, r: not test(i, r)) if condition.operator.startswith("not ") else test


def _every(parts: list[Predicate]) -> Predicate:
    def every(item: WorkItem, revision: Revision) -> bool:
        for part in parts:  # noqa: SIM110 - several times faster than all()
            if not part(item, revision):
                return False
        return True

    return every


def _either(parts: list[Predicate]) -> Predicate:
    def either(item: WorkItem, revision: Revision) -> bool:
        for part in parts:  # noqa: SIM110 - several times faster than any()
            if part(item, revision):
                return True
        return False

    return either


def _ever(test: Predicate) -> Predicate:
    return lambda item, revision: any(test(item, each) for each in item.revisions)


def _negated(word: str, judge: Judge) -> Judge:
    return (lambda value: not judge(value)) if word.startswith("not ") else judge


def _contains(field: Field, wanted: str) -> Judge:
    """Tags match as a whole; in a person both the name and the mail count."""
    if field.reference_name == "System.Tags":
        return lambda value: wanted in [tag.casefold() for tag in split_tags(value or "")]
    return lambda value: wanted in str(value or "").casefold()


def _contains_words(wanted: str) -> Judge:
    """All of the words, in any order; `rout*` is any word that begins so."""
    words = WORD.findall(wanted)

    def contains(value: Any) -> bool:
        there = set(WORD.findall(str(value or "").casefold()))
        return all(
            any(each.startswith(word[:-1]) for each in there) if word.endswith("*") else word in there for word in words
        )

    return contains


def _both(compare: Callable[[Any, Any], bool], left: Any, right: Any, equality: bool) -> bool:
    """An empty field equals only the empty value, and is neither less nor more than anything."""
    if not equality and (left is None or right is None):
        return False
    return compare(left, right)
