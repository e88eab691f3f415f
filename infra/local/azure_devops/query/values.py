"""What the right side of a condition means: literals, paths, people, macros.

Everything becomes the form in which a field's own values are compared: text folded, people by unique name, dates as
text that sorts like the moments it stands for (a day, or a second when the request asks for time precision).
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.azure_devops.boards.identities import Directory, Identity
from infra.local.azure_devops.boards.organisation import Organisation, Project, Team
from infra.local.azure_devops.boards.process import Field, catalogue
from infra.local.azure_devops.boards.refusals import bad_query, bad_team_macro, missing_path
from infra.local.azure_devops.boards.sprints import sprint
from infra.local.azure_devops.clock import moment, stamp
from infra.local.azure_devops.errors import ApiError
from infra.local.azure_devops.query.parser import Comparison, Value

LAYOUTS = tuple(
    date + time for date in ("%m/%d/%Y", "%m-%d-%Y", "%Y-%m-%d") for time in ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
)
STEP = re.compile(r"(?P<count>[+-]?\d+)(?P<unit>[yMwdhm]?)")
TEAM = re.compile(r"\[(?P<project>[^\]]+)\]\\(?P<team>[^<]+)")
NO_TEAM = "VS402612: The macro '@CurrentIteration' is not supported without a team context."
# The unit by which a macro moves when none is written.
UNITS = {"today": "d", "startofday": "d", "startofweek": "w", "startofmonth": "M", "startofyear": "y"}


@dataclass(frozen=True, slots=True)
class Context:
    """What a query's macros and paths refer to. `project` and `team` are None where the address names none."""

    organisation: Organisation
    directory: Directory
    caller: Identity
    now: datetime
    time_precision: bool = False
    project: Project | None = None
    team: Team | None = None


def field_of(word: str) -> Field:
    field = catalogue().find(word)
    if field is None:
        raise bad_query(
            f"TF51005: The query references a field that does not exist. The error is caused by «[{word}]»."
        )
    return field


def form(field: Field, value: Any, *, precise: bool) -> Any:
    """A stored value as it is compared; None is the empty value.

    A stamp without its Z sorts as text: its fraction has no trailing zeros.
    """
    match value:
        case Identity():
            return value.unique_name.casefold()
        case str() if field.type == "dateTime":
            return value[:-1] if precise else value[:10]
        case str():
            return value.casefold()
    return value


class Values:
    def __init__(self, context: Context) -> None:
        self.context = context

    def wanted(self, field: Field, value: Value, condition: Comparison) -> Any:
        """What the field is compared with; None is the empty value. Raises ApiError where it does not fit."""
        if value.value == "":
            return None
        if field.type == "dateTime":
            return self._date(value, condition)
        if value.kind == "macro":
            return self._macro(field, value)
        if value.kind == "field":
            raise bad_query(f"{value.source} cannot stand in {condition.source}.")
        if field.type == "treePath":
            return self._path(field, value)
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

    def moment(self, value: Value) -> datetime:
        """A date or time literal, or a date macro. Raises ApiError for anything else."""
        return self._date_macro(value) if value.kind == "macro" else _literal(value)

    def _date(self, value: Value, condition: Comparison) -> str:
        when = self.moment(value)
        if self.context.time_precision:
            return stamp(when.replace(microsecond=0))[:-1]
        if value.kind == "text" and ("T" in value.value or ":" in value.value):
            raise bad_query(
                "You cannot supply a time with the date when running a query using date precision. "
                f"The error is caused by «{condition.source}»."
            )
        return stamp(when)[:10]

    def _macro(self, field: Field, value: Value) -> str | None:
        """The macros that stand for a text; those for dates are in `_date_macro`.

        An iteration the team does not have is the empty value, which no item has as its path.
        """
        match value.value:
            case "project" if field.type == "string":
                if self.context.project is None:
                    raise bad_query("The @project macro is not supported without a team project context.")
                return self.context.project.name.casefold()
            case "me" if field.identity:
                return self.context.caller.unique_name.casefold()
            case "currentiteration" if field.type == "treePath":
                node = sprint(self._team(value), self.context.now, value.offset)
                return node.path.casefold() if node else None
        raise bad_query(f"The macro {value.source} does not exist or does not fit this field.")

    def _team(self, value: Value) -> Team:
        """The team of the address, or the one an argument like `[Fabrikam]\\Network <id:…>` names."""
        if value.arguments:
            named = TEAM.match(value.arguments[0])
            if named is None:
                raise bad_team_macro(f"'{value.arguments[0]}' is not of the form '[project]\\team'")
            try:
                return self.context.organisation.project(named["project"]).team(named["team"].strip())
            except ApiError as error:
                raise bad_team_macro(NO_TEAM) from error
        if self.context.team is None:
            raise bad_team_macro(NO_TEAM)
        return self.context.team

    def _date_macro(self, value: Value) -> datetime:
        """`@StartOfMonth('+1w') - 2`: the start of the month, a week on, two months back."""
        unit = UNITS.get(value.value)
        if unit is None:
            raise bad_query(f"The macro {value.source} does not exist or does not fit this field.")
        start = self.context.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        match value.value:
            case "startofweek":
                start -= timedelta(days=(start.weekday() + 1) % 7)
            case "startofmonth":
                start = start.replace(day=1)
            case "startofyear":
                start = start.replace(month=1, day=1)
        try:
            for argument in value.arguments:
                step = STEP.fullmatch(argument.replace(" ", ""))
                if step is None:
                    raise bad_query(f"The macro {value.source} cannot be read.")
                start = _moved(start, int(step["count"]), step["unit"] or unit)
            return _moved(start, value.offset, unit)
        except (OverflowError, ValueError) as error:
            raise bad_query(f"The macro {value.source} leads out of the calendar.") from error

    def _path(self, field: Field, value: Value) -> str:
        path = str(value.value).strip("\\")
        area = field.reference_name == "System.AreaPath"
        for project in self.context.organisation.projects:
            if (project.areas if area else project.iterations).find(path):
                return path.casefold()
        raise missing_path("area" if area else "iteration", value.source)

    def _person(self, word: str) -> str:
        """A person is compared by unique name, however the query names them."""
        person = self.context.directory.find(word)
        return (person.unique_name if person else word).casefold()


def _literal(value: Value) -> datetime:
    """ISO 8601, or month first as in the United States, the locale of a service account; UTC unless it says else."""
    text = str(value.value).strip()
    try:
        return moment(text)
    except ValueError:
        plain = text.removesuffix("Z").removesuffix("GMT").strip()
        for layout in LAYOUTS:
            with suppress(ValueError):
                return datetime.strptime(plain, layout).replace(tzinfo=UTC)
    raise bad_query(f"The value {value.source} is not a date.")


def _moved(start: datetime, count: int, unit: str) -> datetime:
    """A month on from the 31st is the last day of the next month."""
    match unit:
        case "y":
            return _moved(start, count * 12, "M")
        case "M":
            months = start.year * 12 + start.month - 1 + count
            first = start.replace(year=months // 12, month=months % 12 + 1, day=1)
            after = (first + timedelta(days=31)).replace(day=1)
            return first.replace(day=min(start.day, (after - timedelta(days=1)).day))
    return start + count * {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1)}.get(
        unit, timedelta(minutes=1)
    )
