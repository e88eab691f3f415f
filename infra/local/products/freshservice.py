"""Freshservice: the part of its API 2 that tickets and their conversations need."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape, unescape
from typing import Any

from infra.local.products.base import Handler, Refusal, Remark, Reply, Request, StandIn, basic

LARGEST_PAGE = 100
STATUSES = (2, 3, 4, 5)
REQUESTER = {"id": 9001, "name": "Ann Example", "email": "ann@example.com"}
EMBEDDED = 10  # conversations that come with a ticket


class Freshservice(StandIn):
    """Tickets of one account, for holders of its API key."""

    def __init__(self, *, clock: Callable[[], datetime] | None = None, port: int = 0) -> None:
        self._tickets: dict[str, dict[str, Any]] = {}
        self._said: dict[str, list[dict[str, Any]]] = {}
        super().__init__(clock=clock, port=port)

    def routes(self) -> Mapping[str, Handler]:
        ticket = "/api/v2/tickets/{id}"
        return {
            "GET /api/v2/tickets": self._list,
            f"GET {ticket}": self._get,
            f"PUT {ticket}": self._put,
            f"POST {ticket}/notes": self._note,
            f"POST {ticket}/reply": self._reply,
            f"GET {ticket}/conversations": self._conversations,
        }

    def error(self, status: int, message: str) -> Any:
        return (
            b"" if status == 404 else {"code": "invalid_credentials" if status == 401 else "error", "message": message}
        )

    def authorizations(self) -> tuple[str, ...]:
        return basic(self.secret, "X"), basic(self.user, self.secret)

    # ---------------------------------------------------------------- what agents do

    def create_ticket(self, title: str, description: str = "", **fields: Any) -> str:
        id = str(len(self._said) + 1)
        self._said[id] = []
        self._tickets[id] = {
            "id": int(id),
            "workspace_id": 2,
            "subject": title,
            "description": _html(description),
            "description_text": description,
            "type": "Incident",
            "status": 2,
            "priority": 2,
            "source": 2,
            "group_id": None,
            "responder_id": None,
            "requester_id": REQUESTER["id"],
            "department_id": None,
            "category": None,
            "custom_fields": {"cause": None},
            "deleted": False,
            "spam": False,
            "created_at": self._now(),
            "updated_at": self._now(),
            **fields,
        }
        return id

    def update(self, id: str, **fields: Any) -> None:
        self._tickets[id] |= {**fields, "updated_at": self._now()}

    def comment(self, id: str, text: str, *, public: bool) -> None:
        self._say(id, _html(text), public)

    def delete(self, id: str) -> None:
        """For good; what is merely in the trash is still shown, as `deleted`."""
        del self._tickets[id]

    def ticket(self, id: str) -> Mapping[str, Any]:
        return self._tickets[id]

    def comments(self, id: str) -> list[Remark]:
        return [Remark(said["body_text"], not said["private"]) for said in self._said[id]]

    # ---------------------------------------------------------------- endpoints

    def _list(self, request: Request) -> Reply:
        """Oldest change first where that is asked for; only what changed after the moment, to be on the strict side."""
        since = request.query.get("updated_since", "")
        tickets = [
            ticket for ticket in self._tickets.values() if ticket["updated_at"] > since and not ticket["deleted"]
        ]
        descending = request.query.get("order_type", "desc") == "desc"
        tickets.sort(key=lambda ticket: ticket[request.query.get("order_by", "created_at")], reverse=descending)
        page, headers = self._page(request, tickets)
        return Reply({"tickets": [_with_requester(request, ticket) for ticket in page]}, headers=headers)

    def _get(self, request: Request, id: str) -> Reply:
        shown = _with_requester(request, self._found(id))
        if "conversations" in request.query.get("include", ""):
            shown["conversations"] = self._said[id][:EMBEDDED]
        return Reply({"ticket": shown})

    def _put(self, request: Request, id: str) -> Reply:
        ticket, fields = self._found(id), dict(request.body)
        if fields.get("status", ticket["status"]) not in STATUSES:
            return _invalid("status", f"It should be one of these values: '{','.join(map(str, STATUSES))}'")
        if not isinstance(fields.get("priority", 1), int):
            return _invalid("priority", "It should be a/an Integer")
        custom = fields.pop("custom_fields", {})
        if unknown := sorted(custom.keys() - ticket["custom_fields"].keys()):
            return _invalid(unknown[0], "Unexpected/invalid field in request")
        self.update(id, **fields, custom_fields=ticket["custom_fields"] | custom)
        return Reply({"ticket": self._tickets[id]})

    def _note(self, request: Request, id: str) -> Reply:
        """Private unless it is said not to be."""
        self._found(id)
        return Reply({"conversation": self._say(id, request.body["body"], not request.body.get("private", True))}, 201)

    def _reply(self, request: Request, id: str) -> Reply:
        self._found(id)
        return Reply({"conversation": self._say(id, request.body["body"], public=True)}, 201)

    def _conversations(self, request: Request, id: str) -> Reply:
        self._found(id)
        page, headers = self._page(request, self._said[id])
        return Reply({"conversations": page}, headers=headers)

    def _found(self, id: str) -> dict[str, Any]:
        if id not in self._tickets:
            raise Refusal(404, "")
        return self._tickets[id]

    def _page(self, request: Request, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
        number = int(request.query.get("page", 1))
        size = min(int(request.query.get("per_page", 30)), LARGEST_PAGE)
        more = number * size < len(items)
        link = {"Link": f'<{self.url}{request.path}?page={number + 1}&per_page={size}>; rel="next"'} if more else {}
        return items[(number - 1) * size : number * size], link

    def _say(self, id: str, html: str, public: bool) -> dict[str, Any]:
        said = {
            "id": 50000 + sum(map(len, self._said.values())),
            "user_id": 7001,
            "body": html,
            "body_text": _text(html),
            "private": not public,
            "incoming": False,
            "source": 0 if public else 2,
            "ticket_id": int(id),
            "created_at": self._now(),
            "updated_at": self._now(),
        }
        self._said[id].append(said)
        self.update(id)
        return said

    def _now(self) -> str:
        return f"{self.clock():%Y-%m-%dT%H:%M:%SZ}"


def _with_requester(request: Request, ticket: Mapping[str, Any]) -> dict[str, Any]:
    return {**ticket, **({"requester": REQUESTER} if "requester" in request.query.get("include", "") else {})}


def _invalid(field: str, message: str) -> Reply:
    faults = [{"field": field, "message": message, "code": "invalid_value"}]
    return Reply({"description": "Validation failed", "errors": faults}, 400)


def _html(text: str) -> str:
    return f"<div>{escape(text, quote=False)}</div>".replace("\n", "<br>")


def _text(html: str) -> str:
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]+>", "", html.replace("<br>", "\n")))
