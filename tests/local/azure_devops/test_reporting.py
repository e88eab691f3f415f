"""The reporting feeds: pages, tokens and filters, and that reading them page by page gives what reading items gives."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from tests.local.azure_devops.client import Client, add, hyperlink, remove, replace
from tests.local.azure_devops.recordings import recorded

REVISIONS = "_apis/wit/reporting/workItemRevisions"
LINKS = "_apis/wit/reporting/workItemLinks"
CHILD = "System.LinkTypes.Hierarchy-Forward"
PARENT = "System.LinkTypes.Hierarchy-Reverse"
RELATED = "System.LinkTypes.Related"


def pages(client: Client, path: str, token: str | None = None, **params: Any) -> Iterator[dict[str, Any]]:
    """From a token, or from the start, to what is the last page for now."""
    while True:
        page = client.get(path, **params | ({"continuationToken": token} if token else {}))
        yield page
        token = page["continuationToken"]
        if page["isLastBatch"]:
            return


def rows(client: Client, path: str = REVISIONS, **params: Any) -> list[dict[str, Any]]:
    return [row for page in pages(client, path, **params) for row in page["values"]]


def revs(client: Client, path: str = REVISIONS, **params: Any) -> list[tuple[int, int]]:
    return [(row["id"], row["rev"]) for row in rows(client, path, **params)]


def links(client: Client, path: str = LINKS, **params: Any) -> list[tuple[str, int, int, bool]]:
    found = [row["attributes"] for row in rows(client, path, **params)]
    return [(row["linkType"], row["sourceId"], row["targetId"], row["isActive"]) for row in found]


@pytest.fixture
def history(client: Client) -> Client:
    """Items 1 (twice changed) and 2 in Fabrikam, 3 (a bug) in Tailwind, 4 deleted."""
    client.create("one", assigned="Jamal Hartnett", tags="a; b", description="<p>long</p>")
    client.create("two")
    client.create("three", kind="Bug", project="Tailwind")
    client.create("four")
    client.change(1, replace("System.Title", "one again"))
    client.change(1, add("System.History", "a word"))
    client("DELETE", "_apis/wit/workitems/4")
    return client


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        (REVISIONS, {}, [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)]),
        (REVISIONS, {"includeLatestOnly": "true"}, [(2, 1), (3, 1), (1, 3)]),
        (REVISIONS, {"includeDeleted": "true"}, [(1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (1, 3), (4, 2)]),
        (REVISIONS, {"includeDeleted": "true", "includeLatestOnly": "true"}, [(2, 1), (3, 1), (1, 3), (4, 2)]),
        (REVISIONS, {"types": "bug,epic"}, [(3, 1)]),
        (REVISIONS, {"includeDiscussionChangesOnly": "true"}, [(1, 3)]),
        (f"{REVISIONS}/discussions", {"api-version": "7.1-preview.1"}, [(1, 3)]),
        (f"Tailwind/{REVISIONS}", {}, [(3, 1)]),
        (f"fabrikam/{REVISIONS}", {"includeLatestOnly": "true"}, [(2, 1), (1, 3)]),
    ],
)
def test_which_revisions_the_feed_has(
    history: Client, path: str, params: dict[str, str], expected: list[tuple[int, int]]
) -> None:
    assert revs(history, path, **params) == expected


def test_the_order_is_that_of_watermarks(history: Client) -> None:
    found = rows(history, fields="System.Watermark", includeDeleted="true")
    assert [row["fields"]["System.Watermark"] for row in found] == list(range(1, 8))


def test_a_row_without_long_texts_and_one_with_them(history: Client) -> None:
    short = rows(history, types="Task")[0]
    assert (short["id"], short["rev"], short["multilineFieldsFormat"]) == (1, 1, {})
    fields = short["fields"]
    assert (fields["System.Id"], fields["System.Rev"], fields["System.Title"]) == (1, 1, "one")
    assert fields["System.AssignedTo"] == "Jamal Hartnett <fabrikamfiber4@hotmail.com>"
    assert fields["System.Tags"] == "a; b"
    assert not fields.keys() & {"System.Description", "System.Watermark", "System.RelatedLinkCount"}
    full = rows(history, **{"$expand": "fields"})[0]["fields"]
    assert full["System.Description"] == "<p>long</p>"
    assert (full["System.IsDeleted"], full["System.CommentCount"], full["System.RelatedLinkCount"]) == (False, 0, 0)


def test_named_fields_people_and_tags(history: Client) -> None:
    [row, *_] = rows(history, fields="System.Tags,System.AssignedTo,System.Description")
    assert list(row["fields"]) == ["System.AssignedTo", "System.Tags"]
    [row, *_] = rows(history, fields="System.Tags,System.AssignedTo", includeIdentityRef="true", includeTagRef="true")
    assert row["fields"]["System.AssignedTo"]["uniqueName"] == "fabrikamfiber4@hotmail.com"
    assert row["fields"]["System.Tags"] == history.get("Fabrikam/_apis/wit/tags")["value"]
    [row, *_] = rows(history, fields="System.Description", **{"$expand": "Fields"})
    assert row["fields"] == {"System.Description": "<p>long</p>"}


def test_deleted_rows_say_so(history: Client) -> None:
    deleted = rows(history, includeDeleted="true", includeLatestOnly="true")[-1]
    assert (deleted["id"], deleted["fields"]["System.IsDeleted"]) == (4, True)


def test_the_filter_in_a_body(history: Client) -> None:
    body = {"fields": ["System.Title", "System.AssignedTo"], "types": ["Task"], "includeLatestOnly": True}
    answer = history("POST", REVISIONS, body | {"includeIdentityRef": True}).json()
    assert [list(row["fields"]) for row in answer["values"]] == [
        ["System.Title"],
        ["System.AssignedTo", "System.Title"],
    ]
    behind = history("POST", REVISIONS, body, params={"continuationToken": answer["continuationToken"]}).json()
    assert (behind["values"], behind["isLastBatch"]) == ([], True)


def test_a_token_outlives_the_run(history: Client) -> None:
    [*_, last] = pages(history, REVISIONS, includeLatestOnly="true", **{"$maxPageSize": 2})
    assert last["isLastBatch"]
    [drained] = pages(history, REVISIONS, last["continuationToken"])
    assert (drained["values"], drained["continuationToken"]) == ([], last["continuationToken"])
    history.change(2, replace("System.Title", "two again"))
    [page] = pages(history, REVISIONS, drained["continuationToken"])
    assert [(row["id"], row["rev"]) for row in page["values"]] == [(2, 2)]


def test_the_next_link_can_be_followed(history: Client) -> None:
    params = {"fields": "System.Title", "includeDeleted": "true", "$maxPageSize": 3, "startDateTime": "2020-01-01"}
    page = history.get(f"Fabrikam/{REVISIONS}", **params)
    project = history.get("_apis/projects/Fabrikam")["id"]
    assert page["nextLink"].startswith(f"{history.url}/{project}/{REVISIONS}?continuationToken=")
    followed = history.session.get(page["nextLink"], timeout=10).json()
    assert [row["fields"] for row in followed["values"]] == [
        {"System.Title": "one again"},
        {"System.Title": "one again"},
        {"System.Title": "four"},
    ]


def test_a_start_in_time(history: Client) -> None:
    now = history.control.clock(advance_seconds=3600)
    assert revs(history, startDateTime=now.isoformat()) == []
    history.change(2, replace("System.Title", "two again"))
    assert revs(history, startDateTime=(now - timedelta(seconds=1)).isoformat()) == [(2, 2)]
    for start in ("2020-01-01T00:00:00Z", "Wed, 01 Jan 2020 00:00:00 GMT"):
        assert len(revs(history, startDateTime=start)) == 6


@pytest.mark.parametrize("path", [REVISIONS, LINKS])
@pytest.mark.parametrize(
    "params",
    [
        {"continuationToken": "nonsense"},
        {"continuationToken": "1", "startDateTime": "2026-01-01"},
        {"startDateTime": "soon"},
        {"$maxPageSize": "-1"},
    ],
)
def test_what_the_feeds_refuse(client: Client, path: str, params: dict[str, str]) -> None:
    assert client("GET", path, params=params).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [({"fields": "System.Title"}, 400), ({"types": [1]}, 400), ({"fields": ["Nope"]}, 400), ({"fields": None}, 200)],
)
def test_what_a_body_may_be(client: Client, body: dict[str, Any], status: int) -> None:
    assert client("POST", REVISIONS, body).status_code == status


@pytest.mark.parametrize("shown", [False, True])
def test_moved_items_are_switchable(history: Client, shown: bool) -> None:
    history.control.rules(feed_shows_moved_items=shown)
    move = [replace(f"System.{name}", "Tailwind") for name in ("TeamProject", "AreaPath", "IterationPath")]
    history.create("five", kind="Feature")  # in both processes with the same states
    history.change(5, *move)
    params = {"includeLatestOnly": "true", "fields": "System.TeamProject"}
    assert ((5, 2) in revs(history, f"Fabrikam/{REVISIONS}", **params)) is shown
    assert (5, 2) in revs(history, f"Tailwind/{REVISIONS}", **params)
    assert (5, 2) in revs(history, **params)


def test_links_come_and_go(client: Client) -> None:
    for project in ("Fabrikam", "Fabrikam", "Tailwind"):
        client.create(project=project)
    client.change(2, client.link(PARENT, 1, "because"))
    client.change(1, client.link(RELATED, 3), hyperlink("https://x/1"))
    client.change(2, remove("/relations/0"))
    seen = [(CHILD, 1, 2, True), (RELATED, 1, 3, True), (CHILD, 1, 2, False)]
    assert links(client) == seen
    assert links(client, linkTypes="System.LinkTypes.Hierarchy") == [seen[0], seen[2]]
    assert links(client, f"Tailwind/{LINKS}") == [seen[1]]
    assert links(client, f"Fabrikam/{LINKS}") == seen
    assert links(client, types="Bug") == []
    first, *_, last = rows(client, LINKS)
    attributes = first["attributes"]
    assert (first["rel"], attributes["comment"]) == ("System.LinkTypes.Hierarchy", "because")
    assert [row["attributes"]["changedOperation"] for row in (first, last)] == ["create", "remove"]
    assert attributes["changedBy"]["uniqueName"] == "boardbridge@contoso.com"
    assert attributes["sourceProjectId"] == client.get("_apis/projects/Fabrikam")["id"]


def test_a_link_looks_as_recorded(client: Client) -> None:
    known = recorded("reporting_workitemlinks_7x.json")["value"]
    client.create(), client.create()
    client.change(1, client.link(CHILD, 2, "This is a test comment"))
    [row] = rows(client, f"Fabrikam/{LINKS}", linkTypes="System.LinkTypes.Hierarchy")
    assert list(row) == list(known)
    assert list(row["attributes"]) == list(known["attributes"])
    assert list(row["attributes"]["changedBy"]) == list(known["attributes"]["changedBy"])
    for key in ("linkType", "isActive", "comment", "changedOperation"):
        assert row["attributes"][key] == known["attributes"][key]


@pytest.mark.parametrize(("version", "flat"), [("4.1", True), ("5.0-preview.2", True), ("6.0", False), ("7.1", False)])
def test_the_shape_of_links_depends_on_the_version(client: Client, version: str, flat: bool) -> None:
    client.create(), client.create()
    client.change(1, client.link(CHILD, 2))
    [row] = rows(client, LINKS, **{"api-version": version})
    flat_keys = {"rel", "sourceId", "targetId", "changedDate", "isActive"}
    assert row.keys() == (flat_keys if flat else {"rel", "attributes"})


def test_deleting_and_restoring_show_in_the_link_feed_unless_switched_off(client: Client) -> None:
    client.create(), client.create()
    client.change(1, client.link(CHILD, 2))
    client("DELETE", "_apis/wit/workitems/2")
    client("PATCH", "_apis/wit/recyclebin/2", {"isDeleted": False})
    assert [active for *_, active in links(client)] == [True, False, True]
    client.control.rules(link_feed_follows_deletion=False)
    assert [active for *_, active in links(client)] == [True]


@pytest.mark.parametrize("shown", [False, True])
def test_destroyed_items_are_switchable(history: Client, shown: bool) -> None:
    history.control.rules(feed_shows_destroyed_items=shown)
    history("DELETE", "_apis/wit/recyclebin/4")
    found = revs(history, includeDeleted="true", includeLatestOnly="true")
    assert ((4, 2) in found) is shown


def test_lag_hides_what_is_young(history: Client) -> None:
    history.control.clock(stopped=True)
    history.control.clock(advance_seconds=60)
    before = revs(history, includeLatestOnly="true")
    history.control.lag(revisions=10, links=20, queries=30)
    history.change(2, replace("System.Title", "two again"), history.link(CHILD, 1), hyperlink("https://x/1"))
    history.create("five", project="Tailwind")
    artifacts = {"artifactUris": ["https://x/1"]}

    def seen() -> tuple[bool, bool, bool, bool]:
        answer = history("POST", "_apis/wit/artifacturiquery", artifacts).json()
        return (
            revs(history, includeLatestOnly="true") != before,
            links(history) != [],
            5 in history.query("[System.Title] = 'five'"),
            answer["artifactUrisQueryResult"]["https://x/1"] != [],
        )

    assert seen() == (False, False, False, False)
    history.control.clock(advance_seconds=11)
    assert seen() == (True, False, False, False)
    history.control.clock(advance_seconds=10)
    assert seen() == (True, True, False, False)
    history.control.clock(advance_seconds=10)
    assert seen() == (True, True, True, True)
    assert history.item(5)["rev"] == 1


ITEMS = some.integers(1, 3)
EDIT = some.one_of(
    some.tuples(some.just("title"), ITEMS, some.integers(0, 9)),
    some.tuples(some.just("delete"), ITEMS, some.just(0)),
    some.tuples(some.just("restore"), ITEMS, some.just(0)),
    some.tuples(some.sampled_from([CHILD, PARENT, RELATED]), ITEMS, ITEMS),
    some.tuples(some.just("unlink"), ITEMS, some.integers(0, 2)),
    some.tuples(some.just("poll"), some.just(0), some.just(0)),
)


def edit(client: Client, what: str, item: int, value: int) -> None:
    """One edit; the service may refuse it."""
    if what == "title":
        answer = client.patch(item, replace("System.Title", f"title {value}"))
    elif what == "delete":
        answer = client("DELETE", f"_apis/wit/workitems/{item}")
    elif what == "restore":
        answer = client("PATCH", f"_apis/wit/recyclebin/{item}", {"isDeleted": False})
    elif what == "unlink":
        answer = client.patch(item, remove(f"/relations/{value}"))
    else:
        answer = client.patch(item, client.link(what, value))
    assert answer.status_code in (200, 400, 404)


class Copy:
    """What a program that only reads the feeds knows, from one token to the next."""

    def __init__(self, client: Client, size: int) -> None:
        self.client, self.size = client, size
        self.tokens: dict[str, str | None] = {REVISIONS: None, LINKS: None}
        self.titles: dict[int, str] = {}
        self.links: set[tuple[str, int, int]] = set()

    def poll(self) -> None:
        self.client.control.rules(feed_page_limit=self.size)
        params = {"includeDeleted": "true", "includeLatestOnly": "true", "fields": "System.Title,System.IsDeleted"}
        for row in self._new(REVISIONS, **params):
            self.titles[row["id"]] = row["fields"]["System.Title"]
            if row["fields"]["System.IsDeleted"]:
                del self.titles[row["id"]]
        for row in self._new(LINKS):
            link = row["attributes"]
            ends = link["linkType"], *sorted_ends(link["linkType"], link["sourceId"], link["targetId"])
            (self.links.add if link["isActive"] else self.links.remove)(ends)

    def _new(self, path: str, **params: str) -> Iterator[dict[str, Any]]:
        for page in pages(self.client, path, self.tokens[path], **params):
            assert len(page["values"]) <= self.size
            self.tokens[path] = page["continuationToken"]
            yield from page["values"]


def sorted_ends(kind: str, source: int, target: int) -> tuple[int, ...]:
    return tuple(sorted((source, target))) if kind == RELATED else (source, target)


def read_all(client: Client) -> tuple[dict[int, str], set[tuple[str, int, int]]]:
    params = {"ids": "1,2,3", "$expand": "relations", "errorPolicy": "omit"}
    items = [item for item in client.get("_apis/wit/workitems", **params)["value"] if item]
    links = {
        (relation["rel"], *sorted_ends(relation["rel"], item["id"], int(relation["url"].rpartition("/")[2])))
        for item in items
        for relation in item.get("relations", [])
        if relation["rel"] != PARENT
    }
    return {item["id"]: item["fields"]["System.Title"] for item in items}, links


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(edits=[(CHILD, 1, 2), ("delete", 1, 0), ("delete", 2, 0), ("restore", 1, 0)], size=2)
@example(edits=[(CHILD, 1, 2), ("delete", 1, 0), ("poll", 0, 0), ("restore", 1, 0), ("poll", 0, 0)], size=1)
@given(edits=some.lists(EDIT, min_size=10, max_size=40), size=some.integers(1, 5))
def test_reading_the_feeds_gives_what_reading_the_items_gives(
    client: Client, edits: list[tuple[str, int, int]], size: int
) -> None:
    client.control.reset()
    for number in range(1, 4):
        client.create(f"title {number}", project="Fabrikam" if number < 3 else "Tailwind")
    copy = Copy(client, size)
    for what, item, value in edits:
        if what == "poll":
            copy.poll()
        else:
            edit(client, what, item, value)
    copy.poll()
    assert (copy.titles, copy.links) == read_all(client)
