"""The `Itsm` port over Freshservice: its tickets, which are incidents and service requests."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from html import escape
from itertools import count
from typing import Any

from shared.connectors.rest import Product, Scheme, basic, path
from shared.errors import Park
from shared.model import TicketAddress

PAGE_SIZE = 100  # Freshservice's largest
NUMBERS = ("priority", "urgency", "impact", "source")  # with all that ends in _id, the fields that take no text
CUSTOM = "custom_fields."


class FreshserviceItsm(Product):
    """One Freshservice at `url`, as `user` with a password where the account allows that, else with an API key."""

    name = "Freshservice"
    api = "/api/v2"

    @staticmethod
    def scheme(user: str | None) -> Scheme:
        return basic(user) if user else _api_key

    def check(self) -> None:
        self._rest.get("tickets", per_page=1)

    def read(self, ticket: TicketAddress, *, comments: bool) -> Mapping[str, Any]:
        found = self._rest.get(_address(ticket), include="requester")["ticket"]
        return self._document(found, comments)

    def changed_since(self, since: datetime, *, comments: bool) -> Iterator[Mapping[str, Any]]:
        """Freshservice leaves deleted tickets and spam out: that a ticket became one is known by its push alone.

        In an account with workspaces it lists the primary one only; how to list all in full is not verified.
        """
        for found in self._changed(since):
            yield self._document(found, comments)

    def introduce(self, ticket: TicketAddress, work_item_id: int, url: str) -> None:
        mark = f"[azure-devops:{work_item_id}]"
        if not self.has_comment(ticket, mark):
            self.comment(ticket, f"{mark} This ticket is a work item in Azure DevOps: {url}", public=False)

    def comment(self, ticket: TicketAddress, text: str, *, public: bool) -> None:
        """A public one is a reply, which Freshservice mails to the requester."""
        html = escape(text, quote=False).replace("\n", "<br>")
        if public:
            self._rest.write("POST", _address(ticket, "reply"), {"body": html})
        else:
            self._rest.write("POST", _address(ticket, "notes"), {"body": html, "private": True})

    def has_comment(self, ticket: TicketAddress, mark: str) -> bool:
        return any(mark in (said["body_text"] or "") for said in self._conversations(_address(ticket, "conversations")))

    def set_status(self, ticket: TicketAddress, status: str, more: Mapping[str, str]) -> None:
        """`more` has fields by Freshservice's names; those of an account's own begin with `custom_fields.`"""
        if not status.isdecimal():
            raise Park(f"Freshservice: a status is a number, such as 4 for Resolved, and not '{status}'")
        plain = {name: _value(name, value) for name, value in more.items() if not name.startswith(CUSTOM)}
        custom = {name.removeprefix(CUSTOM): value for name, value in more.items() if name.startswith(CUSTOM)}
        fields = {"status": int(status), **plain, **({"custom_fields": custom} if custom else {})}
        self._rest.write("PUT", _address(ticket), fields)

    def _document(self, found: Mapping[str, Any], comments: bool) -> dict[str, Any]:
        """Conversations are asked for apart, because no more than ten come with a ticket, and none with a list."""
        if not comments:
            return {"ticket": found}
        address = path("tickets", found["id"], "conversations")
        return {"ticket": {**found, "conversations": list(self._conversations(address))}}

    def _conversations(self, address: str) -> Iterator[Mapping[str, Any]]:
        for page, _ in self._pages(address, {}):
            yield from page["conversations"]

    def _changed(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Tickets by the time of their change, each as often as it was seen changed.

        A ticket that changes meanwhile leaves its place, and all behind it move up. So each page begins anew at the
        second in which the last one ended; on goes only what is too much for one second. `updated_since` is a second
        earlier than needed, because it is not said whether it includes the moment it names.
        """
        order = {"order_by": "updated_at", "order_type": "asc", "include": "requester"}
        reached, seen = f"{since:%Y-%m-%dT%H:%M:%SZ}", dict[int, str]()
        while True:
            earlier = datetime.fromisoformat(reached) - timedelta(seconds=1)
            for page, is_last in self._pages("tickets", {**order, "updated_since": f"{earlier:%Y-%m-%dT%H:%M:%SZ}"}):
                for found in page["tickets"]:
                    if found["updated_at"] >= reached and seen.get(found["id"]) != found["updated_at"]:
                        seen[found["id"]] = found["updated_at"]
                        yield found
                if is_last:
                    return
                if page["tickets"][-1]["updated_at"] > reached:
                    reached = page["tickets"][-1]["updated_at"]
                    break

    def _pages(self, address: str, params: Mapping[str, str]) -> Iterator[tuple[Mapping[str, Any], bool]]:
        """Each page, and whether it is the last: a `Link` header leads to the next one."""
        for number in count(1):
            asked = {**params, "per_page": PAGE_SIZE, "page": number}
            page, headers = self._rest.answer("GET", address, params=asked, writes=False)
            is_last = 'rel="next"' not in headers.get("Link", "")
            yield page, is_last
            if is_last:
                return


def _api_key(secret: str) -> str:
    """The key as the user's name, with any password."""
    return basic(secret)("X")


def _address(ticket: TicketAddress, *rest: str) -> str:
    if not ticket.id.isdecimal():
        raise Park(f"Freshservice: {ticket.id} is a change or a problem; only tickets can be read back and answered")
    return path("tickets", ticket.id, *rest)


def _value(name: str, value: str) -> str | int:
    return int(value) if (name in NUMBERS or name.endswith("_id")) and value.isdecimal() else value
