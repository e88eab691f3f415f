"""Which work items a query means: conditions become predicates, once per query, and then meet every item.

Comparisons ignore case. Dates count as days in UTC unless the request asks for time precision.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.azure_devops.boards.computed import value_of
from infra.local.azure_devops.boards.identities import Directory, Identity
from infra.local.azure_devops.boards.organisation import Organisation
from infra.local.azure_devops.boards.process import Field, catalogue
from infra.local.azure_devops.boards.refusals import bad_query
from infra.local.azure_devops.boards.rules import split_tags
from infra.local.azure_devops.boards.store import Revision, WorkItem
from infra.local.azure_devops.clock import moment
from infra.local.azure_devops.query.parser import Comparison, Condition, Either, Every, Not, Order, Value

type Predicate = Callable[[WorkItem, Revision], bool]

SYMBOLS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Context:
    """What a query's macros and paths refer to. `project` and `iteration` are None where the address names none."""

    organisation: Organisation
    directory: Directory
    caller: Identity
    now: datetime
    time_precision: bool
    project: str | None
    iteration: str | None


def field_of(name: str) -> Field:
    field = catalogue().find(name)
    if field is None:
        raise bad_query(
            f"TF51005: The query references a field that does not exist. The error is caused by «[{name}]»."
        )
    return field


class Compiler:
    def __init__(self, context: Context) -> None:
        self.context = context

    def predicate(self, condition: Condition) -> Predicate:
        match condition:
            case Every(parts):
                every = [self.predicate(part) for part in parts]
                return lambda item, revision: all(each(item, revision) for each in every)
            case Either(parts):
                either = [self.predicate(part) for part in parts]
                return lambda item, revision: any(each(item, revision) for each in either)
            case Not(part):
                inner = self.predicate(part)
                return lambda item, revision: not inner(item, revision)
            case Comparison():
                test = self._comparison(condition)
                if condition.ever:
                    return lambda item, revision: any(test(item, each) for each in item.revisions)
                return test

    def sort_key(self, order: Order) -> Callable[[WorkItem], tuple[bool, Any]]:
        """Empty values sort first, and dates by their full time in any precision."""
        read = self._reader(field_of(order.field), precise=True)

        def key(item: WorkItem) -> tuple[bool, Any]:
            value = read(item, item.current)
            return value is not None, value if value is not None else 0

        return key

    def moment(self, value: Value) -> datetime:
        """A date or time literal, or a date macro. Raises ApiError for anything else."""
        if value.kind == "macro":
            return self._date_macro(value)
        try:
            return moment(str(value.value))
        except ValueError as error:
            raise bad_query(f"The value {value.source} is not a date.") from error

    def _comparison(self, condition: Comparison) -> Predicate:
        field = field_of(condition.field)
        read = self._reader(field)
        word = condition.operator
        match word:
            case "is empty" | "is not empty":
                wanted = word == "is empty"
                return lambda item, revision: (read(item, revision) is None) == wanted
            case "in" | "not in":
                values = [self._value(field, value, condition) for value in condition.values]
                return _negated(word, lambda item, revision: read(item, revision) in values)
            case "in group" | "not in group":
                return _negated(word, self._in_group(str(condition.values[0].value)))
            case "under" | "not under":
                return _negated(word, self._under(field, condition))
            case "contains" | "not contains":
                return _negated(word, self._contains(field, str(condition.values[0].value).casefold()))
            case "contains words" | "not contains words":
                words = set(WORD.findall(str(condition.values[0].value).casefold()))
                return _negated(word, lambda i, r: words <= set(WORD.findall(str(read(i, r) or "").casefold())))
        return self._symbol(field, condition)

    def _symbol(self, field: Field, condition: Comparison) -> Predicate:
        """An empty field equals only the empty value, and is neither less nor more than anything."""
        read, compare, equality = self._reader(field), SYMBOLS[condition.operator], condition.operator in ("=", "<>")
        value = condition.values[0]
        if value.kind == "field":
            if field_of(value.value).type != field.type:
                raise bad_query(f"The fields of {condition.source} are of different types.")
            other = self._reader(field_of(value.value))
            return lambda i, r: _both(compare, read(i, r), other(i, r), equality)
        wanted = self._value(field, value, condition)
        return lambda i, r: _both(compare, read(i, r), wanted, equality)

    def _reader(self, field: Field, *, precise: bool = False) -> Callable[[WorkItem, Revision], Any]:
        """How the field's value is compared: text folded, people by name and mail, dates as moments or days."""
        name, organisation = field.reference_name, self.context.organisation
        precise = precise or self.context.time_precision

        def read(item: WorkItem, revision: Revision) -> Any:
            value = value_of(organisation, item, revision, name)
            match value:
                case None:
                    return None
                case Identity():
                    return value.unique_name.casefold()
                case str() if field.type == "dateTime":
                    return moment(value) if precise else moment(value).date()
                case str():
                    return value.casefold()
            return value

        return read

    def _value(self, field: Field, value: Value, condition: Comparison) -> Any:
        """What the field is compared with, in the form `_reader` gives; None is the empty value."""
        if value.value == "":
            return None
        if field.type == "dateTime":
            return self._date(value, condition)
        if value.kind == "macro":
            return self._macro(field, value)
        if value.kind == "field":
            raise bad_query(f"{value.source} cannot stand in {condition.source}.")
        if field.type == "treePath":
            return self._path(value)
        if field.identity:
            return self._person(str(value.value))
        if field.type in ("integer", "double"):
            try:
                return float(value.value)
            except ValueError as error:
                raise bad_query(f"The value {value.source} is not a number.") from error
        if field.type == "boolean":
            return str(value.value).casefold() == "true"
        return str(value.value).casefold()

    def _macro(self, field: Field, value: Value) -> str:
        """The macros that stand for a text; those for dates are in `_date_macro`."""
        match value.value:
            case "project" if field.type == "string":
                if self.context.project is None:
                    raise bad_query("The @project macro is not supported without a team project context.")
                return self.context.project.casefold()
            case "me" if field.identity:
                return self.context.caller.unique_name.casefold()
            case "currentiteration" if field.type == "treePath":
                if self.context.iteration is None:
                    raise bad_query("The macro '@currentIteration' is not supported without a team context.")
                return self.context.iteration.casefold()
        raise bad_query(f"The macro {value.source} does not exist or does not fit this field.")

    def _date(self, value: Value, condition: Comparison) -> Any:
        when = self.moment(value)
        if self.context.time_precision:
            return when.replace(microsecond=0)
        if value.kind == "text" and ("T" in value.value or ":" in value.value):
            raise bad_query(
                "You cannot supply a time with the date when running a query using date precision. "
                f"The error is caused by «{condition.source}»."
            )
        return when.date()

    def _date_macro(self, value: Value) -> datetime:
        """@today and @startOf… move by days, or by the unit they name."""
        today = self.context.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        match value.value:
            case "today" | "startofday":
                return today + timedelta(days=value.offset)
            case "startofweek":
                return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=value.offset)
            case "startofmonth":
                months = today.year * 12 + today.month - 1 + value.offset
                return today.replace(year=months // 12, month=months % 12 + 1, day=1)
            case "startofyear":
                return today.replace(year=today.year + value.offset, month=1, day=1)
        raise bad_query(f"The macro {value.source} does not exist or does not fit this field.")

    def _path(self, value: Value) -> str:
        path = str(value.value).strip("\\")
        for project in self.context.organisation.projects:
            if project.areas.find(path) or project.iterations.find(path):
                return path.casefold()
        raise bad_query(
            f"TF51011: The specified area or iteration path does not exist. The error is caused by «{value.source}»."
        )

    def _person(self, word: str) -> str:
        """A person is compared by unique name, however the query names them."""
        person = self.context.directory.find(word)
        return (person.unique_name if person else word).casefold()

    def _under(self, field: Field, condition: Comparison) -> Predicate:
        if field.type != "treePath":
            raise bad_query(f"The operator of {condition.source} is for area and iteration paths only.")
        read, top = self._reader(field), self._value(field, condition.values[0], condition)
        below = f"{top}\\"

        def under(item: WorkItem, revision: Revision) -> bool:
            path = read(item, revision)
            return path is not None and (path == top or path.startswith(below))

        return under

    def _contains(self, field: Field, wanted: str) -> Predicate:
        """Tags match as a whole; in a person both the name and the mail count."""
        name, organisation = field.reference_name, self.context.organisation
        if name == "System.Tags":
            return lambda item, r: wanted in [tag.casefold() for tag in split_tags(r.fields.get(name, ""))]
        return lambda item, r: wanted in str(value_of(organisation, item, r, name) or "").casefold()

    def _in_group(self, category: str) -> Predicate:
        wanted = category.casefold()

        def in_group(item: WorkItem, revision: Revision) -> bool:
            process = self.context.organisation.project(revision.fields["System.TeamProject"]).process
            kind = revision.fields["System.WorkItemType"]
            groups = [c for c in process.categories if wanted in (c.reference_name.casefold(), c.name.casefold())]
            return any(kind in group.types for group in groups)

        return in_group


def _negated(word: str, test: Predicate) -> Predicate:
    return (lambda item, revision: not test(item, revision)) if word.startswith("not ") else test


def _both(compare: Callable[[Any, Any], bool], left: Any, right: Any, equality: bool) -> bool:
    if not equality and (left is None or right is None):
        return False
    return compare(left, right)
