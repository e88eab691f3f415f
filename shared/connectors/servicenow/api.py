"""Tickets in ServiceNow: the port `Itsm` over the Table API.

A ticket lives in the table of its class (`incident`), and with the fields that all classes share also in `task`.
Records are asked for as pairs of stored and displayed value: teams and people are told by their names, while times are
taken as stored, in UTC, because they are displayed in the zone of whoever asks.

The account needs to read and write tasks, and to read `sys_journal_field`, where comments and work notes are kept one
by one: without a right to it, which many instances keep to administrators, ServiceNow says that there are none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from shared.connectors.rest import Product, Scheme, basic, bearer, path
from shared.errors import Park
from shared.model import TicketAddress

ANY_CLASS = "task"
CLASSES = (
    "incident",
    "problem",
    "problem_task",
    "change_request",
    "change_task",
    "sc_request",
    "sc_req_item",
    "sc_task",
)
TICKETS_PER_PAGE = 100  # their ids fit into one address
ENTRIES_PER_PAGE = 1000

JOURNAL = "sys_journal_field"
PUBLIC, INTERNAL = "comments", "work_notes"
ENTRY = "sys_id,element_id,element,value,sys_created_on,sys_created_by"
# What a record shows here is its whole journal as one text.
JOURNAL_FIELDS = (PUBLIC, INTERNAL, "comments_and_work_notes")

OURS = "azure-devops:"


class ServiceNowItsm(Product):
    """The tickets of the instance at `url`, as the user whose password is the secret, or with an OAuth token."""

    name = "ServiceNow"

    @staticmethod
    def scheme(user: str | None) -> Scheme:
        return basic(user) if user else bearer

    # ---------------------------------------------------------------- read

    def check(self) -> None:
        self._rest.get(_table(ANY_CLASS), sysparm_limit=1, sysparm_fields="sys_id")

    def read(self, ticket: TicketAddress, *, comments: bool) -> Mapping[str, Any]:
        record = self._rest.get(self._place(ticket), **_pairs())["result"]
        entries = self._entries([ticket.id]) if comments else None
        return _document(record, entries)

    def changed_since(self, since: datetime, *, comments: bool) -> Iterator[Mapping[str, Any]]:
        for page in self._changes(since):
            ids = [change["sys_id"] for change in page]
            records = {record["sys_id"]["value"]: record for record in self._records(page)}
            entries = self._entries(ids) if comments else None
            yield from (_document(records[id], entries) for id in ids if id in records)  # some may just have gone

    def has_comment(self, ticket: TicketAddress, mark: str) -> bool:
        entries = self._rest.get(
            _table(JOURNAL),
            sysparm_query=f"{_journal_of([ticket.id])}^valueLIKE{mark}",  # LIKE knows no case
            sysparm_fields="value",
        )["result"]
        return any(mark in entry["value"] for entry in entries)

    # ---------------------------------------------------------------- write

    def introduce(self, ticket: TicketAddress, work_item_id: int, url: str) -> None:
        """The correlation id tells that it was done; one that belongs to another integration is left alone."""
        ours, mark = f"{OURS}{work_item_id}", f"[{OURS}{work_item_id}]"
        place = self._place(ticket)
        theirs = self._now(place, "correlation_id")
        if theirs == ours:
            return
        is_free = not theirs or theirs.startswith(OURS)
        changes = {"correlation_id": ours, "correlation_display": "Azure DevOps"} if is_free else {}
        if not self.has_comment(ticket, mark):
            changes[INTERNAL] = f"{mark} This ticket is a work item in Azure DevOps: {url}"
        if changes:
            self._patch(place, changes)

    def comment(self, ticket: TicketAddress, text: str, *, public: bool) -> None:
        plain = re.sub(r"\[(/?code)\]", r"[ \1]", text, flags=re.IGNORECASE)  # what is between would be shown as HTML
        self._patch(self._place(ticket), {PUBLIC if public else INTERNAL: plain})

    def set_status(self, ticket: TicketAddress, status: str, more: Mapping[str, str]) -> None:
        place = self._place(ticket)
        before = self._now(place, "state")
        if before != status and self._patch(place, {"state": status, **more}, "state") == before:
            raise Park(
                f"ServiceNow took the change but left the state at {before}: "
                "let the account write the field `state`, or see which business rule sets it back"
            )

    # ---------------------------------------------------------------- the Table API

    def _place(self, ticket: TicketAddress) -> str:
        """Where the record has all its fields. Of the tables that a push may name, only those of tickets are taken."""
        table = ticket.kind
        if table not in CLASSES:
            table = self._now(_table(ANY_CLASS, ticket.id), "sys_class_name") or ANY_CLASS
        return _table(table, ticket.id)

    def _now(self, place: str, field: str) -> str:
        """What a field says; empty also where the account may not see it."""
        return self._rest.get(place, sysparm_fields=field)["result"].get(field, "")

    def _patch(self, place: str, fields: Mapping[str, str], then: str = "sys_id") -> str:
        """Write `fields`; what the field `then` says afterwards."""
        return self._rest.write("PATCH", f"{place}?sysparm_fields={then}", fields)["result"].get(then, "")

    def _changes(self, since: datetime) -> Iterator[list[Mapping[str, str]]]:
        """Pages of id, class and time of what changed. Each page starts after the last record of the one before it, so
        that records which change meanwhile, and leave their place, do not move others over a boundary."""
        after = [f"sys_updated_on>={since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"]
        hidden = 0
        while True:
            classes = f"sys_class_nameIN{','.join(CLASSES)}"
            query = "^NQ".join(f"{classes}^{condition}" for condition in after)
            page, more = self._page(
                ANY_CLASS,
                f"{query}^ORDERBYsys_updated_on^ORDERBYsys_id",
                "sys_id,sys_class_name,sys_updated_on",
                hidden,
                TICKETS_PER_PAGE,
            )
            yield page
            if not more:
                return
            if page:
                last, hidden = page[-1], 0
                after = [
                    f"sys_updated_on>{last['sys_updated_on']}",
                    f"sys_updated_on={last['sys_updated_on']}^sys_id>{last['sys_id']}",
                ]
            else:  # records that we may not see fill pages, and leave them empty
                hidden += TICKETS_PER_PAGE

    def _records(self, changes: Iterable[Mapping[str, str]]) -> Iterator[Mapping[str, Any]]:
        """The whole records: `task` has only the fields that all classes share."""

        def class_of(change: Mapping[str, str]) -> str:
            return change["sys_class_name"]

        for table, members in groupby(sorted(changes, key=class_of), class_of):
            ids = ",".join(member["sys_id"] for member in members)
            yield from self._rest.get(
                _table(table), sysparm_query=f"sys_idIN{ids}", sysparm_suppress_pagination_header="true", **_pairs()
            )["result"]

    def _entries(self, ids: list[str]) -> list[Mapping[str, str]]:
        """What was said on these tickets, oldest first."""
        query = f"{_journal_of(ids)}^ORDERBYsys_created_on^ORDERBYsys_id"
        entries: list[Mapping[str, str]] = []
        offset, more = 0, bool(ids)
        while more:
            page, more = self._page(JOURNAL, query, ENTRY, offset, ENTRIES_PER_PAGE)
            entries += page
            offset += ENTRIES_PER_PAGE
        return entries

    def _page(
        self, table: str, query: str, fields: str, offset: int, limit: int
    ) -> tuple[list[Mapping[str, str]], bool]:
        """Records, and whether there are more: a page may be short because of records that we may not see."""
        params = {
            "sysparm_query": query,
            "sysparm_fields": fields,
            "sysparm_offset": offset,
            "sysparm_limit": limit,
            "sysparm_suppress_pagination_header": "true",  # it repeats the query four times, and headers have a limit
        }
        answer, headers = self._rest.answer("GET", _table(table), params=params, writes=False)
        page, total = answer["result"], headers.get("X-Total-Count")
        return page, offset + limit < int(total) if total else len(page) == limit


def _table(*segments: str) -> str:
    return f"api/now/table/{path(*segments)}"


def _pairs() -> dict[str, str]:
    return {"sysparm_display_value": "all", "sysparm_exclude_reference_link": "true"}


def _journal_of(ids: Iterable[str]) -> str:
    return f"element_idIN{','.join(ids)}^elementIN{PUBLIC},{INTERNAL}"


def _document(record: Mapping[str, Any], entries: Iterable[Mapping[str, str]] | None) -> Mapping[str, Any]:
    """The record as the preset knows it, with those of the entries that are its own."""
    result = {name: value for name, value in record.items() if name not in JOURNAL_FIELDS}
    if entries is None:
        return {"result": result}
    id = record["sys_id"]["value"]
    return {"result": result, "comments_list": [entry for entry in entries if entry["element_id"] == id]}
