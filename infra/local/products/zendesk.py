"""A stand-in for Zendesk: tickets, their comments, and the incremental export.

Faithful where a client can go wrong: the export leaves out the last minute and refuses to start within it, shows
deleted tickets, and gives few at a time; a closed ticket refuses every change, a safe update one that comes too late;
the first comment is the description; every comment is public unless it says that it is not.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from infra.local.products.base import Handler, Refusal, Remark, Reply, Request, StandIn, basic

LARGEST_PAGE = 100  # an export gives up to 1000, which would take long to fill
UNSHOWN = timedelta(minutes=1)
ERRORS = {
    400: "StartTimeTooRecent",
    401: "Couldn't authenticate you",
    404: "RecordNotFound",
    409: "UpdateConflict",
    422: "RecordInvalid",
}
GROUPS = {7001: "Service Desk", 7002: "Network"}
USERS = {9001: "Rita Requester", 9002: "Anna Agent", 9003: "Bridge"}
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
CLOSED = {"status": [{"error": "ClosedTicket", "description": "Status: closed prevents ticket update"}]}
INVALID_STATUS = {"status": [{"error": "InvalidValue", "description": "Status: is invalid"}]}


class Zendesk(StandIn):
    user = "bridge@example.com"

    def __init__(self, **options: Any) -> None:
        self._tickets: dict[str, dict[str, Any]] = {}
        self._comments: dict[str, list[dict[str, Any]]] = {}
        super().__init__(**options)

    def routes(self) -> Mapping[str, Handler]:
        return {
            "GET /api/v2/tickets": self._list,
            "GET /api/v2/tickets/{id}": self._get,
            "PUT /api/v2/tickets/{id}": self._put,
            "GET /api/v2/tickets/{id}/comments": self._get_comments,
            "GET /api/v2/incremental/tickets/cursor": self._export,
        }

    def error(self, status: int, message: str) -> Any:
        return {"error": ERRORS.get(status, "InternalError"), "description": message}

    def authorizations(self) -> tuple[str, ...]:
        return basic(f"{self.user}/token", self.secret), f"Bearer {self.secret}"

    # ---------------------------------------------------------------- what an agent does and sees

    def create_ticket(self, title: str, description: str = "", **fields: Any) -> str:
        number = len(self._tickets) + 1
        self._tickets[str(number)] = {
            "url": f"{self.url}/api/v2/tickets/{number}.json",
            "id": number,
            "external_id": None,
            "type": "incident",
            "subject": title,
            "raw_subject": title,
            "description": description,
            "priority": "normal",
            "status": "new",
            "requester_id": 9001,
            "submitter_id": 9001,
            "assignee_id": None,
            "group_id": 7001,
            "problem_id": None,
            "tags": [],
            "custom_fields": [],
            "created_at": self._now(),
            "updated_at": self._now(),
            **fields,
        }
        self._comments[str(number)] = []
        self._say(str(number), description or title, public=True)
        return str(number)

    def update(self, id: str, **fields: Any) -> None:
        self._tickets[id] |= {**fields, "updated_at": self._now()}

    def comment(self, id: str, text: str, *, public: bool) -> None:
        self._say(id, text, public)

    def delete(self, id: str) -> None:
        self.update(id, status="deleted")

    def ticket(self, id: str) -> Mapping[str, Any]:
        return self._tickets[id]

    def comments(self, id: str) -> list[Remark]:
        return [Remark(comment["body"], comment["public"]) for comment in self._comments[id]]

    # ---------------------------------------------------------------- the Ticketing API

    def _list(self, request: Request) -> Reply:
        return Reply(_page("tickets", list(self._tickets.values()), request))

    def _get(self, request: Request, id: str) -> Reply:
        ticket = self._there(id)
        return Reply({"ticket": ticket, **_side_loaded([ticket], request)})

    def _get_comments(self, request: Request, id: str) -> Reply:
        self._there(id)
        return Reply(_page("comments", self._comments[id], request))

    def _put(self, request: Request, id: str) -> Reply:
        ticket, changes = self._there(id), dict(request.body["ticket"])
        stamp, safe = changes.pop("updated_stamp", None), changes.pop("safe_update", False)
        if safe and stamp != ticket["updated_at"]:
            raise Refusal(409, "Safe Update prevented the update due to outdated ticket data.")
        if ticket["status"] == "closed":
            return self._invalid(CLOSED)
        if changes.get("status", "open") not in STATUSES:
            return self._invalid(INVALID_STATUS)
        comment = changes.pop("comment", None)
        self.update(id, **changes)
        if comment:
            self._say(id, comment["body"], comment.get("public", True))
        return self._get(request, id)

    def _invalid(self, details: Mapping[str, Any]) -> Reply:
        return Reply({**self.error(422, "Record validation errors"), "details": details}, 422)

    def _export(self, request: Request) -> Reply:
        until = self.clock() - UNSHOWN
        if "cursor" in request.query:
            moment, number = request.query["cursor"].split("|")
            start = moment, int(number)
        else:
            moment = datetime.fromtimestamp(int(request.query["start_time"]), UTC)
            if moment > until:
                raise Refusal(400, "start_time must be more than one minute ago")
            start = _iso(moment), 0
        changed = sorted(
            (
                ticket
                for ticket in self._tickets.values()
                if start < _order(ticket) and ticket["updated_at"] < _iso(until)
            ),
            key=_order,
        )
        page = changed[:LARGEST_PAGE]
        end = _order(page[-1]) if page else start
        export = {"tickets": page, "after_cursor": f"{end[0]}|{end[1]}", "end_of_stream": len(page) == len(changed)}
        return Reply({**export, **_side_loaded(page, request)})

    def _there(self, id: str) -> dict[str, Any]:
        if id not in self._tickets or self._tickets[id]["status"] == "deleted":
            raise Refusal(404, "Not found")
        return self._tickets[id]

    def _say(self, id: str, text: str, public: bool) -> None:
        comments = self._comments[id]
        comments.append(
            {
                "id": int(id) * 100_000 + len(comments),
                "type": "Comment",
                "author_id": 9002,
                "body": text,
                "plain_body": text,
                "html_body": f'<div class="zd-comment">{escape(text)}</div>',
                "public": public,
                "created_at": self._now(),
            }
        )
        self.update(id)

    def _now(self) -> str:
        return _iso(self.clock())


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _order(ticket: Mapping[str, Any]) -> tuple[str, int]:
    return ticket["updated_at"], ticket["id"]


def _page(name: str, items: list[Any], request: Request) -> Mapping[str, Any]:
    """A page by cursor, as its size was asked for."""
    start = int(request.query.get("page[after]", 0))
    end = start + min(int(request.query["page[size]"]), LARGEST_PAGE)
    meta = {"has_more": end < len(items), "after_cursor": str(end)}
    return {name: items[start:end], "meta": meta, **_side_loaded(items[start:end], request)}


def _side_loaded(items: list[Any], request: Request) -> Mapping[str, Any]:
    """Each user and group that the items refer to, if it was asked for."""
    ids = {value for item in items for name, value in item.items() if name.endswith("_id")}
    return {
        name: [{"id": id, "name": known[id]} for id in sorted(ids & known.keys())]
        for name, known in (("users", USERS), ("groups", GROUPS))
        if name in request.query.get("include", "").split(",")
    }
