"""What holds the stories' answers against the document notices what is not as it says."""

import pytest

from tests.stories.described import Document

JSON, PROBLEM = "application/json", "application/problem+json"
REFUSED = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no such pair"}
CONNECTION = {"name": "own", "kind": "generic", "url": None, "authentication": None, "secret": None}


@pytest.mark.parametrize(
    ("path", "status", "media", "body", "true"),
    [
        ("health", 200, JSON, {"status": "ok"}, True),
        ("health", 200, JSON, {"status": "fine"}, False),
        ("pairs", 200, JSON, {"pairs": []}, True),
        ("pairs", 200, JSON, {"pairs": [], "next": None}, False),
        ("pairs/roadmap/plans/1", 404, PROBLEM, REFUSED, True),
        ("pairs/roadmap/plans/1", 404, PROBLEM, REFUSED | {"faults": [{"path": "items[0]"}]}, False),
        ("connections", 200, JSON, {"connections": [CONNECTION | {"state": "open"}]}, True),
        ("connections", 200, JSON, {"connections": [CONNECTION | {"state": "stopped"}]}, False),
        ("configuration", 200, "application/yaml", {}, True),
        ("configuration", 200, "application/yaml", {"routes": []}, False),
    ],
)
def test_an_answer_is_judged_by_what_is_said_of_it(document, path, status, media, body, true):
    assert Document(document).judge("get", f"/api/{path}", status, media).is_valid(body) is true


@pytest.mark.parametrize(
    ("path", "media"), [("nowhere", JSON), ("health", "text/plain"), ("tickets/generic/a/b", PROBLEM)]
)
def test_an_answer_that_nobody_describes_is_none(document, path, media):
    with pytest.raises(KeyError):
        Document(document).judge("get", f"/api/{path}", 200, media)
