"""Jira, with Jira Service Management: the part of REST 2 that issues, comments, transitions and remote links need.

Cloud and Data Center differ in their search, and in what they say of a comment's audience.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from infra.local.products.base import Handler, Refusal, Remark, Reply, Request, StandIn

ZONE = timezone(timedelta(hours=-7))  # of the user: times are told in it
LARGEST_PAGE = 100
SEARCH = re.compile(r"updated >= (\d+) ORDER BY updated ASC, key ASC")
GONE = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
HIDDEN = "Issue does not exist or you do not have permission to see it."

MARKUP = (
    r"\\(?P<kept>(?!\s)[\W_])|\{\w+[^}]*\}|\[(?P<link>[^\]|]*)[^\]]*\]"
    r"|(?<!\w)(?P<mark>[*_+^~-])(?P<text>\S[^\n]*?)(?P=mark)"
)

CATEGORIES = {"new": 2, "indeterminate": 4, "done": 3}
STATUSES = {"1": ("Open", "new"), "3": ("In Progress", "indeterminate"), "5": ("Resolved", "done")}
RESOLUTION = {"required": True, "name": "Resolution", "schema": {"type": "resolution", "system": "resolution"}}
TRANSITIONS: tuple[tuple[str, str, str, str, Mapping[str, Any]], ...] = (  # id, name, from, to, fields on its screen
    ("11", "Start progress", "1", "3", {}),
    ("21", "Resolve this issue", "3", "5", {"resolution": RESOLUTION}),
    ("31", "Stop progress", "3", "1", {}),
    ("41", "Reopen", "5", "1", {}),
)


class Jira(StandIn):
    """Issues of a project SUP. Cloud where `cloud`, else Data Center."""

    def __init__(self, *, cloud: bool = True, clock: Callable[[], datetime] | None = None, port: int = 0) -> None:
        self.cloud = cloud
        self._issues: dict[str, dict[str, Any]] = {}
        self._comments: dict[str, list[dict[str, Any]]] = {}
        self._links: dict[str, dict[str, dict[str, Any]]] = {}
        super().__init__(clock=clock, port=port)

    def routes(self) -> Mapping[str, Handler]:
        api, issue = "/rest/api/2", "/rest/api/2/issue/{id}"
        return {
            f"GET {api}/myself": lambda _: Reply({"name": self.user, "active": True}),
            f"GET {api}/serverInfo": lambda _: Reply({"deploymentType": "Cloud" if self.cloud else "Server"}),
            f"GET {api}/search": self._search_by_number,
            f"GET {api}/search/jql": self._search_by_token,
            f"GET {issue}": lambda request, id: Reply(
                self._shown(self._issue(id), request.query.get("fields", "*all"))
            ),
            f"GET {issue}/comment": self._list_comments,
            f"POST {issue}/comment": self._add_comment,
            f"GET {issue}/transitions": self._list_transitions,
            f"POST {issue}/transitions": self._transition,
            f"POST {issue}/remotelink": self._link,
        }

    def error(self, status: int, message: str) -> Any:
        return {"errorMessages": [message], "errors": {}}

    # ---------------------------------------------------------------- what agents do

    def create_ticket(self, title: str, description: str = "", **fields: Any) -> str:
        number = len(self._comments) + 1
        id = str(10000 + number)
        self._comments[id], self._links[id] = [], {}
        self._issues[id] = {
            "id": id,
            "key": f"SUP-{number}",
            "self": f"{self.url}/rest/api/2/issue/{id}",
            "fields": {
                "summary": title,
                "description": description or None,
                "issuetype": {"id": "10001", "name": "Incident", "subtask": False},
                "project": {"id": "10000", "key": "SUP", "name": "Support", "projectTypeKey": "service_desk"},
                "status": _status("1"),
                "priority": {"id": "3", "name": "Medium"},
                "resolution": None,
                "assignee": None,
                "created": self._now(),
                "updated": self._now(),
                **fields,
            },
        }
        return id

    def update(self, id: str, **fields: Any) -> None:
        self._issues[id]["fields"] |= {**fields, "updated": self._now()}

    def comment(self, id: str, text: str, *, public: bool) -> None:
        self._say(id, re.sub(r"[\\\[\]{}*_]", r"\\\g<0>", text), public)

    def delete(self, id: str) -> None:
        del self._issues[id]

    def ticket(self, id: str) -> Mapping[str, Any]:
        return self._issues[id]

    def comments(self, id: str) -> list[Remark]:
        return [Remark(rendered(comment["body"]), comment["jsdPublic"]) for comment in self._comments[id]]

    def remote_links(self, id: str) -> list[Mapping[str, Any]]:
        return list(self._links[id].values())

    # ---------------------------------------------------------------- search

    def _search_by_number(self, request: Request) -> Reply:
        if self.cloud:
            raise Refusal(410, GONE)
        found, start, size = self._found(request), int(request.query.get("startAt", 0)), self._size(request)
        issues = [
            self._shown(issue, request.query.get("fields", "*navigable")) for issue in found[start : start + size]
        ]
        return Reply({"startAt": start, "maxResults": size, "total": len(found), "issues": issues})

    def _search_by_token(self, request: Request) -> Reply:
        if not self.cloud:
            raise Refusal(404, "null for uri: /rest/api/2/search/jql")
        found, size = self._found(request), self._size(request)
        start = int(b64decode(request.query.get("nextPageToken", "MA==")))
        issues = [self._shown(issue, request.query.get("fields", "id")) for issue in found[start : start + size]]
        more = start + size < len(found)
        token = {"nextPageToken": b64encode(str(start + size).encode()).decode()} if more else {}
        return Reply({"issues": issues, "isLast": not more, **token})

    def _found(self, request: Request) -> list[dict[str, Any]]:
        jql = SEARCH.fullmatch(request.query["jql"])
        if not jql:
            raise Refusal(
                400, f"Error in the JQL Query: {request.query['jql']!r} is not what this stand-in understands."
            )
        changed = [(_milliseconds(issue), int(issue["id"]), issue) for issue in self._issues.values()]
        return [issue for moment, _, issue in sorted(changed, key=lambda found: found[:2]) if moment >= int(jql[1])]

    def _size(self, request: Request) -> int:
        return min(int(request.query.get("maxResults", 50)), LARGEST_PAGE)

    # ---------------------------------------------------------------- issues

    def _issue(self, id: str) -> dict[str, Any]:
        for issue in self._issues.values():
            if id in (issue["id"], issue["key"]):
                return issue
        raise Refusal(404, HIDDEN)

    def _shown(self, issue: Mapping[str, Any], fields: str) -> dict[str, Any]:
        """With the fields asked for; `*all` has the comments too, of which Cloud's search gives no more than twenty."""
        asked = fields.split(",")
        if asked == ["id"]:
            return {"id": issue["id"]}
        comments = [self._shown_comment(comment) for comment in self._comments[issue["id"]]]
        everything = issue["fields"] | {"comment": {"comments": comments[:20], "total": len(comments)}}
        all_but = {name.removeprefix("-") for name in asked if name.startswith("-")}
        shown = {
            name: value
            for name, value in everything.items()
            if name not in all_but and ("*all" in asked or name in asked)
        }
        return {**issue, "fields": shown}

    def _list_comments(self, request: Request, id: str) -> Reply:
        said = self._comments[self._issue(id)["id"]]
        start, size = int(request.query.get("startAt", 0)), self._size(request)
        expanded = "properties" in request.query.get("expand", "")
        comments = [self._shown_comment(comment, expanded=expanded) for comment in said[start : start + size]]
        return Reply({"startAt": start, "maxResults": size, "total": len(said), "comments": comments})

    def _add_comment(self, request: Request, id: str) -> Reply:
        properties = {given["key"]: given["value"] for given in request.body.get("properties", ())}
        public = not properties.get("sd.public.comment", {}).get("internal", False)
        return Reply(self._shown_comment(self._say(self._issue(id)["id"], request.body["body"], public)), 201)

    def _say(self, id: str, markup: str, public: bool) -> dict[str, Any]:
        author = {"name": self.user, "displayName": "Bridge", "emailAddress": "bridge@example.com"}
        comment = {
            "id": str(20000 + sum(map(len, self._comments.values()))),
            "author": author,
            "body": markup,
            "created": self._now(),
            "updated": self._now(),
            "jsdPublic": public,
        }
        self._comments[id].append(comment)
        self.update(id)
        return comment

    def _shown_comment(self, comment: Mapping[str, Any], *, expanded: bool = False) -> dict[str, Any]:
        """Data Center tells the audience by the property alone, and that only to who asks for it."""
        shown = {name: value for name, value in comment.items() if self.cloud or name != "jsdPublic"}
        if expanded:
            shown["properties"] = [{"key": "sd.public.comment", "value": {"internal": not comment["jsdPublic"]}}]
        return shown

    def _list_transitions(self, request: Request, id: str) -> Reply:
        status = self._issue(id)["fields"]["status"]["id"]
        expanded = "transitions.fields" in request.query.get("expand", "")
        offered = [
            {"id": transition, "name": name, "to": _status(to)} | ({"fields": screen} if expanded else {})
            for transition, name, start, to, screen in TRANSITIONS
            if start == status
        ]
        return Reply({"expand": "transitions", "transitions": offered})

    def _transition(self, request: Request, id: str) -> Reply:
        issue = self._issue(id)
        wanted, given = request.body["transition"]["id"], request.body.get("fields", {})
        for transition, _, start, to, screen in TRANSITIONS:
            if (transition, start) == (wanted, issue["fields"]["status"]["id"]):
                faults = {name: _fault(name, given.get(name), screen) for name in sorted({*given, *screen})}
                if any(faults.values()):
                    return Reply(
                        {"errorMessages": [], "errors": {name: fault for name, fault in faults.items() if fault}}, 400
                    )
                self.update(issue["id"], status=_status(to), **given)
                return Reply(status=204)
        raise Refusal(
            400, f"It seems that you have tried to perform a workflow operation ({wanted}) that is not valid."
        )

    def _link(self, request: Request, id: str) -> Reply:
        links = self._links[self._issue(id)["id"]]
        known = request.body["globalId"] in links
        links[request.body["globalId"]] = request.body
        return Reply({"id": 30000 + len(links), "self": f"{self.url}{request.path}"}, 200 if known else 201)

    def _now(self) -> str:
        moment = self.clock().astimezone(ZONE)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}{moment:%z}"


def rendered(markup: str) -> str:
    """What a reader sees: macros, links and emphasis are gone, what was escaped is there."""
    return re.sub(MARKUP, lambda found: found["kept"] or found["link"] or found["text"] or "", markup)


def _status(id: str) -> dict[str, Any]:
    name, category = STATUSES[id]
    return {"id": id, "name": name, "statusCategory": {"id": CATEGORIES[category], "key": category}}


def _fault(name: str, value: Any, screen: Mapping[str, Any]) -> str:
    if name not in screen:
        return f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
    if value is None:
        return f"{screen[name]['name']} is required."
    return "" if isinstance(value, dict) else "data was not an object"


def _milliseconds(issue: Mapping[str, Any]) -> int:
    return int(datetime.fromisoformat(issue["fields"]["updated"]).timestamp() * 1000)
