"""Tickets in Zendesk: the port `Itsm` over the Ticketing API.

What changed is asked of the incremental export, not of the search: the export reads on by a cursor without end and in
the order of change, and says what was deleted, while a search ends after 1000 results and shows a change only once it
is indexed, whenever that may be. The price is known: the account has to be an administrator's, there are ten pages a
minute, and the export leaves out the last minute, which is made up for by looking back (`LOOK_BACK`).

Tickets and comments bear only the ids of teams and people. Their names are side-loaded and put beside the ids, where
Zendesk's placeholders have them too (`ticket.group.name`), so that a ticket reads the same however it came.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.connectors.rest import Product, Scheme, basic, bearer, path
from shared.errors import NotFound, RetryLater, Stale
from shared.model import TicketAddress

TICKETS_PER_PAGE = 1000
COMMENTS_PER_PAGE = 100
LOOK_BACK = timedelta(seconds=120)
LOST_RACE_SECONDS = 5.0

NAMED = {"group": "groups", "assignee": "users", "requester": "users", "author": "users"}


class ZendeskItsm(Product):
    """The tickets of the account at `url`, as the user whose API token is the secret, or with an OAuth token."""

    name = "Zendesk"

    @staticmethod
    def scheme(user: str | None) -> Scheme:
        return basic(f"{user}/token") if user else bearer

    # ---------------------------------------------------------------- read

    def check(self) -> None:
        self._rest.get("api/v2/tickets", **{"page[size]": 1})

    def read(self, ticket: TicketAddress, *, comments: bool) -> Mapping[str, Any]:
        answer = self._rest.get(_place(ticket.id), include="users,groups")
        return self._document(_named(answer["ticket"], _names(answer)), comments)

    def changed_since(self, since: datetime, *, comments: bool) -> Iterator[Mapping[str, Any]]:
        """Also what changed up to `LOOK_BACK` before: an export that was asked for then did not show it yet."""
        start = min(since, self._clock()) - LOOK_BACK
        position: dict[str, Any] = {"start_time": int(start.timestamp())}
        while True:
            page = self._rest.get(
                "api/v2/incremental/tickets/cursor", per_page=TICKETS_PER_PAGE, include="users,groups", **position
            )
            names = _names(page)
            yield from (self._document(_named(ticket, names), comments) for ticket in page["tickets"])
            if page["end_of_stream"]:
                return
            position = {"cursor": page["after_cursor"]}

    def has_comment(self, ticket: TicketAddress, mark: str) -> bool:
        return any(mark in comment["body"] for comment in self._comments(ticket.id))

    # ---------------------------------------------------------------- write

    def introduce(self, ticket: TicketAddress, work_item_id: int, url: str) -> None:
        mark = f"[azure-devops:{work_item_id}]"
        if not self.has_comment(ticket, mark):
            self.comment(ticket, f"{mark} This ticket is a work item in Azure DevOps: {url}", public=False)

    def comment(self, ticket: TicketAddress, text: str, *, public: bool) -> None:
        self._update(ticket.id, {"comment": {"body": text, "public": public}})

    def set_status(self, ticket: TicketAddress, status: str, more: Mapping[str, str]) -> None:
        """Keys of `more` that are numbers are the ids of custom fields. A closed ticket takes nothing any more."""
        now = self._rest.get(_place(ticket.id))["ticket"]
        if now["status"] == status:
            return
        changes: dict[str, Any] = {"status": status, "safe_update": True, "updated_stamp": now["updated_at"]}
        for name, value in more.items():
            if name.isdecimal():
                changes.setdefault("custom_fields", []).append({"id": int(name), "value": value})
            else:
                changes[name] = value
        try:
            self._update(ticket.id, changes)
        except Stale as lost:  # an agent was faster: what the ticket says now is to be looked at first
            raise RetryLater(lost.reason, LOST_RACE_SECONDS) from lost

    # ---------------------------------------------------------------- the Ticketing API

    def _document(self, ticket: Mapping[str, Any], comments: bool) -> Mapping[str, Any]:
        if not comments:
            return {"ticket": ticket}
        try:
            return {"ticket": ticket, "comments": list(self._comments(ticket["id"]))}
        except NotFound:  # deleted tickets are exported, their comments are not to be had
            return {"ticket": ticket}

    def _comments(self, id: object) -> Iterator[Mapping[str, Any]]:
        """Oldest first; the first is the ticket's description."""
        position: dict[str, str] = {}
        while True:
            page = self._rest.get(
                f"{_place(id)}/comments", **{"page[size]": COMMENTS_PER_PAGE, "include": "users"}, **position
            )
            names = _names(page)
            yield from (_named(comment, names) for comment in page["comments"])
            if not page["meta"]["has_more"]:
                return
            position = {"page[after]": page["meta"]["after_cursor"]}

    def _update(self, id: str, changes: Mapping[str, Any]) -> None:
        self._rest.write("PUT", _place(id), {"ticket": changes})


def _place(id: object) -> str:
    return f"api/v2/tickets/{path(id)}"


type Names = Mapping[tuple[str, int], Mapping[str, Any]]


def _names(answer: Mapping[str, Any]) -> Names:
    """What was side-loaded, by collection and id."""
    loaded = ((name, each) for name in set(NAMED.values()) for each in answer.get(name, ()))
    return {(name, each["id"]): {"id": each["id"], "name": each["name"]} for name, each in loaded}


def _named(item: Mapping[str, Any], names: Names) -> Mapping[str, Any]:
    """A ticket or comment with the names of those whose ids it bears; of those that are gone it says nothing."""
    ids = {role: item[f"{role}_id"] for role in NAMED if f"{role}_id" in item}
    known = {role: id and names.get((NAMED[role], id)) for role, id in ids.items()}
    return {**item, **{role: name for role, name in known.items() if name or ids[role] is None}}
