"""The `Itsm` port over Request Tracker 5, which has REST 2 built in.

A ticket is shown in the layout that the Scrip in `infra/local/request_tracker/webhook.pl` pushes, so that one preset
reads both. RT answers a change that it refuses with 200 and a sentence in the user's language: what counts here is
what the ticket shows afterwards.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from math import ceil
from typing import Any

from shared.connectors.request_tracker.text import plain
from shared.connectors.rest import Product, Scheme, basic, path
from shared.errors import NotFound, Park
from shared.model import TicketAddress

PAGE_SIZE = 100  # RT's largest
SKEW_SECONDS = 300  # by which the clocks of RT and of this machine may differ
SAID = ("Comment", "Correspond")
EXPANDED = {"fields[Queue]": "Name", "fields[LastUpdatedBy]": "EmailAddress"}


class RequestTrackerItsm(Product):
    """One Request Tracker at `url`, as `user` with a password, or as the owner of an authentication token.

    The user needs ShowTicket, ShowTicketComments, CommentOnTicket, ReplyToTicket and ModifyTicket in its queues.
    """

    name = "Request Tracker"
    api = "/REST/2.0"

    @staticmethod
    def scheme(user: str | None) -> Scheme:
        return basic(user) if user else _token

    def check(self) -> None:
        self._rest.get("rt")

    def read(self, ticket: TicketAddress, *, comments: bool) -> Mapping[str, Any]:
        return self._document(ticket.id, comments)

    def changed_since(self, since: datetime, *, comments: bool) -> Iterator[Mapping[str, Any]]:
        """Each ticket is read for itself, because RT's list has neither transactions nor text.

        RT's search passes over deleted tickets, so a deletion is known by its push alone.
        """
        for id in self._changed(since):
            try:
                yield self._document(id, comments)
            except NotFound:  # gone since it was listed
                continue

    def introduce(self, ticket: TicketAddress, work_item_id: int, url: str) -> None:
        """By a comment, because a link would be no secret: RT tells requesters of it in their ticket's history."""
        mark = f"[azure-devops:{work_item_id}]"
        if not self.has_comment(ticket, mark):
            self.comment(ticket, f"{mark} This ticket is a work item in Azure DevOps: {url}", public=False)

    def comment(self, ticket: TicketAddress, text: str, *, public: bool) -> None:
        """A public one is a reply: RT mails it to the requesters, and by default opens a ticket that is new."""
        self._shown(ticket.id)  # RT calls a comment on a ticket that is not there a bad request
        kind = "correspond" if public else "comment"
        body = {"Content": text, "ContentType": "text/plain"}
        self._rest.write("POST", path("ticket", ticket.id, kind), body)

    def has_comment(self, ticket: TicketAddress, mark: str) -> bool:
        shown, _ = self._shown(ticket.id)
        return any(mark in said["content"] for said in self._said(shown, SAID))

    def set_status(self, ticket: TicketAddress, status: str, more: Mapping[str, str]) -> None:
        """`more` has fields by RT's own names, such as `Owner` or `Priority`, but no custom ones."""
        before, transaction = self._shown(ticket.id)
        if unknown := sorted(more.keys() - before.keys()):  # RT would pass over it in silence
            raise Park(f"Request Tracker: a ticket has no field {', '.join(unknown)}; correct the name")
        wanted = {**more, "Status": status}
        if _is(status, before["Status"]):  # which RT would take for a transition that it does not know
            del wanted["Status"]
        said = self._rest.write("PUT", path("ticket", ticket.id), wanted, {"If-Match": f'"{transaction}"'})
        now, _ = self._shown(ticket.id)
        unchanged = [name for name in wanted if now[name] == before[name]]
        if said and not all(_is(wanted[name], now[name]) for name in unchanged):
            raise Park(f"Request Tracker: {'; '.join(said)}")

    def _shown(self, id: str) -> tuple[Mapping[str, Any], int]:
        """The ticket as RT shows it, and its latest transaction, which is its ETag (weak behind some proxies)."""
        shown, headers = self._rest.answer("GET", path("ticket", id), params=EXPANDED, writes=False)
        return shown, int(headers["ETag"].removeprefix("W/").strip('"'))

    def _document(self, id: str, comments: bool) -> dict[str, Any]:
        """As if the ticket was created the way it is now: the text of a creation is what describes a ticket."""
        shown, transaction = self._shown(id)
        said = list(self._said(shown, ("Create", *SAID) if comments else ("Create",)))
        opening = next((entry for entry in said if entry["type"] == "Create"), None)
        document = {
            "event": "Create",
            "transaction_id": transaction,
            "actor": shown["LastUpdatedBy"].get("EmailAddress") or shown["LastUpdatedBy"]["id"],
            "content": opening and plain(opening["content"], opening["content_type"]),
            "ticket": self._ticket(shown),
        }
        return document | ({"comments": [entry for entry in said if entry["type"] in SAID]} if comments else {})

    def _ticket(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        id = int(shown["id"])
        return {
            "id": id,
            "subject": shown["Subject"],
            "status": shown["Status"],
            "queue": shown["Queue"]["Name"],
            "owner": shown["Owner"]["id"],
            "priority": int(shown["Priority"]),
            "created": _utc(shown["Created"]),
            "last_updated": _utc(shown["LastUpdated"]),
            "requestors": [self._address(requestor["id"]) for requestor in shown["Requestor"]],
            "url": f"{self._url}/Ticket/Display.html?id={id}",
        }

    def _address(self, user: str) -> str:
        """RT names users whom it made of a mail by its address; others have one on their record, if we may see that."""
        if "@" in user:
            return user
        try:
            return self._rest.get(path("user", user)).get("EmailAddress") or user
        except Park:
            return user

    def _said(self, shown: Mapping[str, Any], types: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """What was said in transactions of these types, oldest first; those of tickets merged into this one too."""
        transactions = list(
            self._pages(
                path("ticket", shown["id"], "history"),
                [{"field": "Type", "operator": "IN", "value": types}],
                {"fields": "Type,ObjectId,Creator,Created", "fields[Creator]": "EmailAddress"},
            )
        )
        texts = self._texts([transaction["id"] for transaction in transactions]) if transactions else {}
        for transaction in transactions:
            if transaction["Type"] == "Create" and str(transaction["ObjectId"]) != str(shown["id"]):
                continue  # a merged ticket's
            creator, text = transaction["Creator"], texts.get(transaction["id"], {})
            yield {
                "id": transaction["id"],
                "type": transaction["Type"],
                "content": text.get("Content") or "",
                "content_type": text.get("ContentType", "text/plain"),
                "creator": creator.get("EmailAddress") or creator["id"],
                "created": _utc(transaction["Created"]),
            }

    def _texts(self, transactions: list[str]) -> dict[str, Mapping[str, Any]]:
        """The text of each transaction, the plain one of several; files are left where they are."""
        query = [
            {"field": "TransactionId", "operator": "IN", "value": transactions},
            {"field": "ContentType", "operator": "STARTSWITH", "value": "text/"},
            {"field": "Filename", "operator": "IS", "value": "NULL"},
        ]
        texts: dict[str, Mapping[str, Any]] = {}
        for text in self._pages("attachments", query, {"fields": "TransactionId,ContentType,Content"}):
            if text["TransactionId"] not in texts or text["ContentType"] == "text/plain":
                texts[text["TransactionId"]] = text
        return texts

    def _pages(self, address: str, query: Any, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """RT tells the number of pages only to those who may see everything; others go on to an empty page."""
        for number in count(1):
            page = self._rest.query(address, query, **params, orderby="id", per_page=PAGE_SIZE, page=number)
            yield from page["items"]
            if not page["items"] or number == page["pages"]:
                return

    def _changed(self, since: datetime) -> list[str]:
        """Tickets changed since then, oldest change first.

        RT reads a date in a query in the time zone of its user, which it does not tell: so the query says how long ago,
        as "-3900 seconds", because in "3900 seconds ago" RT finds the year 3900. Pages go by ids, which stay in place
        while tickets change.
        """
        earliest = f"{since:%Y-%m-%dT%H:%M:%SZ}"
        changed: list[tuple[str, int]] = []
        last = 0
        while True:
            ago = max(0, ceil((self._clock() - since).total_seconds())) + SKEW_SECONDS
            query = f"LastUpdated >= '-{ago} seconds' AND id > {last}"
            page = self._rest.get("tickets", query=query, fields="LastUpdated", orderby="id", per_page=PAGE_SIZE)
            if not page["items"]:
                return [str(id) for updated, id in sorted(changed) if updated >= earliest]
            changed += [(item["LastUpdated"], int(item["id"])) for item in page["items"]]
            last = changed[-1][1]


def _token(secret: str) -> str:
    return f"token {secret}"


def _utc(moment: str) -> str:
    """As the Scrip writes it: UTC without a zone."""
    return moment.replace("T", " ").removesuffix("Z")


def _is(wanted: str, shown: Any) -> bool:
    """Whether a field shows what was sent: itself, or something of that id or name, or several with it."""
    match shown:
        case list():
            return any(_is(wanted, entry) for entry in shown)
        case {"id": id}:
            return wanted.casefold() in (str(id).casefold(), str(shown.get("Name")).casefold())
    return wanted.casefold() == str(shown).casefold()
