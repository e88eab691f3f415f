"""Who may tell us of changes, and the hints that come of it."""

from typing import Any

import pytest

from shared.configuration import Configuration
from shared.errors import Refused
from shared.links import Look
from shared.ports import EVENTS_HEADER
from shared.sync.pairs.admission import Admission
from shared.sync.pairs.events import Events
from shared.sync.pairs.subscriptions import ALL_PAIRS, SubscriptionUpkeep
from shared.sync.rules import BOARDS, PPM
from tests.memory.secrets import MemorySecrets
from tests.memory.storage import MemoryCursors
from tests.memory.subscriptions import MemorySubscriptions
from tests.memory.sync_storage import MemoryLooks
from tests.sync.place import ADDRESS, ROADMAP, configured, noon

SECRET = "boardbridge-events"


def plan(project: str) -> dict[str, str]:
    return {"connection": "ppm", "project": project}


class Listening:
    """Three pairs, of which the last does not listen; a message box, and a vault."""

    def __init__(self) -> None:
        self.vault = MemorySecrets(**{SECRET: "s3cret"})
        self.queue = MemoryLooks(noon)
        self.cursors = MemoryCursors()
        document = configured().model_dump()
        document["connections"]["redmine"] = {"kind": "redmine", "url": "https://redmine.example", "secret": "key"}
        document["pairs"] = [
            ROADMAP,
            ROADMAP | {"name": "web", "boards": {"projects": ["Tailwind"]}, "ppm": plan("w")},
            ROADMAP | {"name": "quiet", "ppm": plan("q"), "events": False},
        ]
        self.configuration = Configuration.model_validate(document)
        admission = Admission(self.vault, SECRET, lambda: "made")
        self.subscriptions = SubscriptionUpkeep(
            configuration=lambda: (self.configuration, "1"),
            doors=lambda configuration: {"ppm": MemorySubscriptions()},
            admission=admission,
            looks=self.queue,
            cursors=self.cursors,
            address=ADDRESS,
        )
        self.events = Events(lambda: (self.configuration, "1"), self.queue, admission, self.subscriptions)

    @property
    def looks(self) -> list[Look]:
        return [look for _, _, look in self.queue.messages]

    def status(self, given: str | None, tool: str | None = None) -> int:
        """What somebody is answered who shows this."""
        try:
            self.events.admit({} if given is None else {EVENTS_HEADER.lower(): given}, tool)
        except Refused as refused:
            return refused.status
        return 202


@pytest.fixture
def place() -> Listening:
    return Listening()


@pytest.mark.parametrize(
    ("projects", "pairs"),
    [
        (["Fabrikam"], ["roadmap"]),
        (["tailwind"], ["roadmap", "web"]),
        (["Contoso", "Fabrikam"], ["roadmap"]),
        (["Contoso"], []),
        ([], ["roadmap", "web"]),
    ],
    ids=str,
)
def test_every_pair_with_the_project_looks_at_the_work_item(
    place: Listening, projects: list[str], pairs: list[str]
) -> None:
    assert place.events.board_changed("12", projects) == len(pairs)
    assert place.looks == [Look(pair, BOARDS, "12") for pair in pairs]


@pytest.mark.parametrize(
    ("projects", "pairs"), [(["plan"], ["roadmap"]), (["W"], ["web"]), (["q"], []), ([], ["roadmap", "web"])], ids=str
)
def test_every_pair_with_the_project_looks_at_the_tasks(
    place: Listening, projects: list[str], pairs: list[str]
) -> None:
    assert place.events.tasks_changed("ppm", ["7", "8"], projects) == len(pairs)
    assert place.looks == [Look(pair, PPM, task) for pair in pairs for task in ("7", "8")]


@pytest.mark.parametrize(
    ("given", "status"), [("s3cret", 202), ("S3cret", 401), ("sécret", 401), ("", 401), (None, 401)]
)
def test_only_who_shows_the_secret_is_let_in(place: Listening, given: str | None, status: int) -> None:
    assert place.status(given) == status
    assert place.looks == []


def test_while_there_is_no_secret_nobody_is_let_in(place: Listening) -> None:
    place.vault.values.clear()
    assert [place.status(given) for given in ("s3cret", "", None)] == [401, 401, 401]


def test_a_renewed_secret_lets_in_at_once_and_the_old_one_hurries_the_subscriptions(place: Listening) -> None:
    place.subscriptions.mend()
    assert place.status("s3cret") == 202
    place.vault.rotate(SECRET, "renewed")
    assert place.status("renewed") == 202
    assert place.status("s3cret") == 401
    assert place.looks == [ALL_PAIRS]


@pytest.mark.parametrize(("tool", "status"), [("ppm", 202), ("redmine", 404), ("contoso", 404), ("nowhere", 404)])
def test_a_tool_without_webhooks_is_not_there(place: Listening, tool: str, status: int) -> None:
    assert place.status("s3cret", tool) == status
    assert place.status("wrong", tool) == 401


def test_the_answer_says_that_redmine_is_swept(place: Listening) -> None:
    headers: dict[str, Any] = {EVENTS_HEADER.lower(): "s3cret"}
    with pytest.raises(Refused, match="'redmine' is a redmine, which has no webhooks: the hourly sweep"):
        place.events.admit(headers, "redmine")
