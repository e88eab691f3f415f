"""The `Itsm` port over Jira, Cloud and Data Center. REST 2 is spoken to both, because both take and give text there.

Cloud has a search of its own (`search/jql`, by tokens) and no longer the one of Data Center (`search`, by numbers).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.connectors.jira.wiki import escaped, unescaped
from shared.connectors.rest import Product, Scheme, basic, bearer, path
from shared.errors import NotFound, Park
from shared.model import TicketAddress

PAGE_SIZE = 100
ISSUE = "*all,-comment"  # Cloud gives only some of the comments with an issue, so they are asked for apart
AUDIENCE = "sd.public.comment"  # a property of comments: {"internal": true} is for agents
PLAIN = ("string", "number", "date", "datetime", "any")


class JiraItsm(Product):
    """One Jira at `url`, as `user` with a password or, on Cloud, an API token; without a user by an access token.

    Internal comments are Jira Service Management's. A project of another kind shows them to all who see the issue.
    """

    name = "Jira"
    api = "/rest/api/2"

    @staticmethod
    def scheme(user: str | None) -> Scheme:
        return basic(user) if user else bearer

    def check(self) -> None:
        self._rest.get("myself")

    def read(self, ticket: TicketAddress, *, comments: bool) -> Mapping[str, Any]:
        issue = self._get(path("issue", ticket.id), fields=ISSUE)
        return self._with_comments(issue) if comments else issue

    def changed_since(self, since: datetime, *, comments: bool) -> Iterator[Mapping[str, Any]]:
        """Cloud's search may lag behind its issues by some seconds: look again from a little earlier."""
        for issue in self._changed(since):
            yield self._with_comments(issue) if comments else issue

    def introduce(self, ticket: TicketAddress, work_item_id: int, url: str) -> None:
        """By a remote link, which agents see on the issue and customers do not; Jira replaces one of the same id."""
        link = {
            "globalId": f"azure-devops:{work_item_id}",
            "application": {"type": "com.azure.devops", "name": "Azure DevOps"},
            "relationship": "work item",
            "object": {"url": url, "title": f"Work item {work_item_id}"},
        }
        self._post(path("issue", ticket.id, "remotelink"), link)

    def comment(self, ticket: TicketAddress, text: str, *, public: bool) -> None:
        body = {"body": escaped(text), "properties": [{"key": AUDIENCE, "value": {"internal": not public}}]}
        self._post(path("issue", ticket.id, "comment"), body)

    def has_comment(self, ticket: TicketAddress, mark: str) -> bool:
        return any(mark in unescaped(comment["body"]) for comment in self._comments(ticket.id))

    def set_status(self, ticket: TicketAddress, status: str, more: Mapping[str, str]) -> None:
        """`status` names a transition, the status it leads to, each by name or id, or a category of statuses.

        A transition that is over is no longer on offer: name the status or its category, so that it can be recognised.
        """
        issue = self._get(path("issue", ticket.id), fields="status")
        now = issue["fields"]["status"]
        if status.casefold() in _words(now):
            return
        address = path("issue", ticket.id, "transitions")
        offered = self._get(address, expand="transitions.fields")["transitions"]
        transition = _leading_to(status, offered)
        if transition is None:
            raise Park(f"Jira: {issue['key']} is '{now['name']}' and cannot become '{status}'; {_on_offer(offered)}")
        schemas = {name: field["schema"] for name, field in transition.get("fields", {}).items()}
        fields = {name: _shaped(value, schemas.get(name, {"type": "string"})) for name, value in more.items()}
        self._post(address, {"transition": {"id": transition["id"]}, "fields": fields})

    def _get(self, address: str, **params: Any) -> Any:
        return self._known(lambda: self._rest.get(address, **params))

    def _post(self, address: str, body: Any) -> None:
        self._known(lambda: self._rest.write("POST", address, body))

    def _known[T](self, call: Callable[[], T]) -> T:
        """Jira may take the bearer of an expired token for a stranger, to whom it says that an issue does not exist.

        The check stops the connection, or takes up a token that was renewed meanwhile.
        """
        try:
            return call()
        except NotFound:
            self.check()
            return call()

    def _with_comments(self, issue: Mapping[str, Any]) -> dict[str, Any]:
        comments = list(self._comments(issue["id"]))
        return {**issue, "fields": {**issue["fields"], "comment": {"comments": comments, "total": len(comments)}}}

    def _comments(self, id: str) -> Iterator[Mapping[str, Any]]:
        """Oldest first, each with `jsdPublic`, which Cloud gives and Data Center hides in a property."""
        start = 0
        while True:
            page = self._get(
                path("issue", id, "comment"),
                startAt=start,
                maxResults=PAGE_SIZE,
                orderBy="created",
                expand="properties",
            )
            for comment in page["comments"]:
                properties = {held["key"]: held["value"] for held in comment.get("properties", ())}
                told = {"jsdPublic": not properties[AUDIENCE]["internal"]} if AUDIENCE in properties else {}
                yield told | comment
            start += len(page["comments"])
            if not page["comments"] or start >= page["total"]:
                return

    def _changed(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Issues by the time of their change, each as often as it was seen changed.

        An issue that changes meanwhile leaves its place, and all behind it move up. So each page begins anew at the
        second in which the last one ended; on goes only what is too much for one second. A stranger would find nothing,
        and no fault, so it is made sure first that we are none.
        """
        self.check()
        pages = self._pages_of_cloud if self._is_cloud() else self._pages_of_data_center
        second, seen = int(since.timestamp()), dict[str, str]()
        while True:
            for issues in pages(f"updated >= {second * 1000} ORDER BY updated ASC, key ASC"):
                for issue in issues:
                    if seen.get(issue["id"]) != issue["fields"]["updated"]:
                        seen[issue["id"]] = issue["fields"]["updated"]
                        yield issue
                if issues and (reached := _second(issues[-1])) > second:
                    second = reached
                    break
            else:
                return

    def _is_cloud(self) -> bool:
        return self._rest.get("serverInfo").get("deploymentType") == "Cloud"

    def _pages_of_cloud(self, jql: str) -> Iterator[list[Mapping[str, Any]]]:
        page = self._rest.get("search/jql", jql=jql, fields=ISSUE, maxResults=PAGE_SIZE)
        yield page["issues"]
        while token := page.get("nextPageToken"):
            page = self._rest.get("search/jql", jql=jql, fields=ISSUE, maxResults=PAGE_SIZE, nextPageToken=token)
            yield page["issues"]

    def _pages_of_data_center(self, jql: str) -> Iterator[list[Mapping[str, Any]]]:
        start, total = 0, 1
        while start < total:
            page = self._rest.get("search", jql=jql, fields=ISSUE, maxResults=PAGE_SIZE, startAt=start)
            if not page["issues"]:
                return
            yield page["issues"]
            start, total = start + len(page["issues"]), page["total"]


def _second(issue: Mapping[str, Any]) -> int:
    """When it was changed, in Unix time."""
    return int(datetime.fromisoformat(issue["fields"]["updated"]).timestamp())


def _words(status: Mapping[str, Any]) -> set[str]:
    """All that may be said to mean this status."""
    return {status["id"], status["name"].casefold(), status["statusCategory"]["key"]}


def _leading_to(status: str, offered: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The transition of that id or name; else the first that leads to such a status."""
    wanted = status.casefold()
    by_itself = (transition for transition in offered if wanted in (transition["id"], transition["name"].casefold()))
    by_target = (transition for transition in offered if wanted in _words(transition["to"]))
    return next(by_itself, None) or next(by_target, None)


def _on_offer(offered: list[Mapping[str, Any]]) -> str:
    names = ", ".join(f"'{transition['name']}' to '{transition['to']['name']}'" for transition in offered)
    return f"its workflow offers {names}" if names else "its workflow offers us no transition"


def _shaped(value: str, schema: Mapping[str, str]) -> Any:
    """A value in the form that Jira takes for a field of this kind."""
    if schema["type"] == "array":
        return [_shaped(value, {"type": schema["items"]})]
    if schema["type"] == "option":
        return {"value": value}
    return value if schema["type"] in PLAIN else {"name": value}
