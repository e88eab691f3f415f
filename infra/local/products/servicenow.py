"""A stand-in for ServiceNow: the Table API over the tickets of some classes and their journal.

Faithful where a client can go wrong: a class has fields that `task` has not, times are displayed in another zone than
they are stored in, rows that one may not see are counted but not given, fields that one may not write are ignored in
silence, and an incident cannot be resolved without a resolution.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import md5
from operator import eq, ge, gt
from typing import Any

from infra.local.products.base import Handler, Refusal, Remark, Reply, Request, StandIn

type Record = dict[str, str]

JOURNAL = "sys_journal_field"
JOURNAL_FIELDS = ("comments", "work_notes", "approval_history")
TIME = "%Y-%m-%d %H:%M:%S"
TIMES = ("opened_at", "sys_created_on", "sys_updated_on")
ZONE_OF_THE_ACCOUNT = timedelta(hours=-7)
REFERENCES = ("assignment_group", "assigned_to", "caller_id", "opened_by")
PREFIXES = {
    "incident": "INC",
    "problem": "PRB",
    "problem_task": "PTASK",
    "change_request": "CHG",
    "change_task": "CTASK",
    "sc_request": "REQ",
    "sc_req_item": "RITM",
    "sc_task": "SCTASK",
    "sn_si_incident": "SIR",
}
OF_A_TASK = {
    "active": "true",
    "assigned_to": "",
    "assignment_group": "",
    "close_notes": "",
    "correlation_display": "",
    "correlation_id": "",
    "description": "",
    "impact": "3",
    "opened_by": "Bridge",
    "priority": "3",
    "state": "1",
    "urgency": "3",
}
OF_ITS_CLASS = {"incident": {"caller_id": "", "category": "inquiry", "close_code": ""}, "change_request": {"risk": "3"}}
LABELS = {
    "priority": {"1": "1 - Critical", "2": "2 - High", "3": "3 - Moderate", "4": "4 - Low", "5": "5 - Planning"},
    "state": {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"},
}
RESOLVED = ("6", "7")
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    ">=": ge,
    ">": gt,
    "=": eq,
    "IN": lambda value, wanted: value in wanted.split(","),
    "LIKE": lambda value, wanted: wanted.casefold() in value.casefold(),
}


class ServiceNow(StandIn):
    """`hidden` holds ids of records that the account may not see, `read_only` fields that it may not write."""

    def __init__(self, **options: Any) -> None:
        self._records: dict[str, Record] = {}
        self._journal: list[Record] = []
        self._made = 0
        self.hidden: set[str] = set()
        self.read_only: set[str] = set()
        super().__init__(**options)

    def routes(self) -> Mapping[str, Handler]:
        return {
            "GET /api/now/table/{table}": self._list,
            "GET /api/now/table/{table}/{id}": self._get,
            "PATCH /api/now/table/{table}/{id}": self._change,
        }

    def error(self, status: int, message: str) -> Any:
        return {"error": {"message": message, "detail": None}, "status": "failure"}

    # ---------------------------------------------------------------- what an agent does and sees

    def create_ticket(self, title: str, description: str = "", **fields: Any) -> str:
        """An incident, unless `sys_class_name` is among `fields`. Teams and people are given by their names."""
        kind = fields.get("sys_class_name", "incident")
        id = self._new_id()
        self._records[id] = {
            **OF_A_TASK,
            **OF_ITS_CLASS.get(kind, {}),
            "sys_id": id,
            "number": f"{PREFIXES[kind]}{self._made:07}",
            "sys_class_name": kind,
            "short_description": title,
            "description": description,
            **dict.fromkeys(TIMES, self._now()),
            "sys_created_by": "agent",
            "sys_updated_by": "agent",
            "sys_mod_count": "0",
            **fields,
        }
        return id

    def update(self, id: str, **fields: Any) -> None:
        self._write(id, fields, "agent")

    def comment(self, id: str, text: str, *, public: bool) -> None:
        self._write(id, {"comments" if public else "work_notes": text}, "agent")

    def delete(self, id: str) -> None:
        del self._records[id]

    def ticket(self, id: str) -> Mapping[str, Any]:
        return self._records[id]

    def comments(self, id: str) -> list[Remark]:
        said = [
            entry for entry in self._journal if entry["element_id"] == id and entry["element"] != "approval_history"
        ]
        return [Remark(entry["value"], public=entry["element"] == "comments") for entry in said]

    # ---------------------------------------------------------------- the Table API

    def _list(self, request: Request, table: str) -> Reply:
        query = request.query.get("sysparm_query", "")
        found = [row for row in self._rows(table) if _fits(row, query)]
        for column in reversed(re.findall(r"\^ORDERBY(\w+)", query)):
            found.sort(key=lambda row: row[column])
        start = int(request.query.get("sysparm_offset", 0))
        page = found[start : start + int(request.query.get("sysparm_limit", 10_000))]
        shown = [self._shown(row, request) for row in page if row["sys_id"] not in self.hidden]
        return Reply({"result": shown}, headers={"X-Total-Count": str(len(found))})

    def _get(self, request: Request, table: str, id: str) -> Reply:
        return Reply({"result": self._shown(self._row(table, id), request)})

    def _change(self, request: Request, table: str, id: str) -> Reply:
        known = {*self._row(table, id), *JOURNAL_FIELDS} - self.read_only
        self._write(id, {name: value for name, value in request.body.items() if name in known}, self.user)
        return self._get(request, table, id)

    def _row(self, table: str, id: str) -> Record:
        for row in self._rows(table):
            if row["sys_id"] == id and id not in self.hidden:
                return row
        raise Refusal(404, "No Record found")

    def _rows(self, table: str) -> Iterator[Record]:
        """The records of a table, each with the fields that this table has."""
        if table == JOURNAL:
            yield from self._journal
        elif table == "task":
            for record in self._records.values():
                own = OF_ITS_CLASS.get(record["sys_class_name"], {})
                yield {name: value for name, value in record.items() if name not in own}
        elif table in PREFIXES:
            yield from (record for record in self._records.values() if record["sys_class_name"] == table)
        else:
            raise Refusal(400, f"Invalid table {table}")

    def _write(self, id: str, fields: Mapping[str, str], user: str) -> None:
        record = self._records[id]
        after = {**record, **{name: value for name, value in fields.items() if name not in JOURNAL_FIELDS}}
        if "close_code" in after and after["state"] in RESOLVED and not (after["close_code"] and after["close_notes"]):
            raise Refusal(403, "Data Policy Exception: Resolution code, Resolution notes are mandatory")
        count, now = str(int(record["sys_mod_count"]) + 1), self._now()
        record |= {**after, "sys_mod_count": count, "sys_updated_on": now, "sys_updated_by": user}
        for element in JOURNAL_FIELDS:
            if fields.get(element):
                self._journal.append(
                    {
                        "sys_id": self._new_id(),
                        "name": record["sys_class_name"],
                        "element_id": id,
                        "element": element,
                        "value": fields[element],
                        "sys_created_on": now,
                        "sys_created_by": user,
                    }
                )

    def _shown(self, row: Record, request: Request) -> Mapping[str, Any]:
        fields = request.query.get("sysparm_fields")
        chosen = {name: row[name] for name in fields.split(",") if name in row} if fields else row
        if request.query.get("sysparm_display_value") != "all":
            return {name: _stored(name, value) for name, value in chosen.items()}
        whole = "\n\n".join(remark.text for remark in self.comments(row["sys_id"]))
        journal = {} if fields else {name: {"display_value": whole, "value": ""} for name in JOURNAL_FIELDS}
        return {name: _pair(name, value) for name, value in chosen.items()} | journal

    def _new_id(self) -> str:
        self._made += 1
        return md5(str(self._made).encode()).hexdigest()

    def _now(self) -> str:
        return self.clock().strftime(TIME)


def _stored(name: str, value: str) -> str:
    """A reference is stored as the id of what it refers to."""
    return md5(value.encode()).hexdigest() if name in REFERENCES and value else value


def _pair(name: str, value: str) -> Mapping[str, str]:
    label = LABELS.get(name, {}).get(value, value)
    if name in TIMES:
        label = (datetime.strptime(value, TIME) + ZONE_OF_THE_ACCOUNT).strftime(TIME)
    return {"display_value": label, "value": _stored(name, value)}


def _fits(row: Record, query: str) -> bool:
    """Whether a row fits an encoded query: alternatives between `^NQ`, each of conditions between `^`."""
    conditions = re.sub(r"\^ORDERBY\w+", "", query)
    return any(all(_holds(row, term) for term in group.split("^") if term) for group in conditions.split("^NQ"))


def _holds(row: Record, condition: str) -> bool:
    name, comparison, wanted = re.fullmatch(r"([a-z_]+)(>=|>|=|IN|LIKE)(.*)", condition, re.DOTALL).groups()
    return COMPARISONS[comparison](_stored(name, row.get(name, "")), wanted)
