"""The connector of Redmine against a real one: the contract of `Side`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.redmine import Redmine
from infra.local.redmine.server import ADMINISTRATOR_KEY, MEMBER_KEY
from shared.connectors.redmine import issues
from shared.connectors.redmine.side import RedmineSide
from shared.model import FieldType
from tests.connectors.itsm_contracts import KeptSecrets
from tests.connectors.side_contract import Facts, SideContract

pytestmark = pytest.mark.real


class Users:
    """People at work in one project of Redmine, as the contract knows them."""

    def __init__(self, redmine: Redmine, project: str) -> None:
        self._redmine = redmine
        self._project = project

    def create(self, title: str) -> str:
        return self._redmine.create_issue(self._project, title)

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        self._redmine.edit(id, **fields)

    def move(self, id: str, parent: str | None) -> None:
        self._redmine.move(id, parent)

    def delete(self, id: str) -> None:
        self._redmine.delete(id)

    def restore(self, id: str) -> None:
        raise NotImplementedError("Redmine deletes for good")


class RedmineContract(SideContract):
    deletes_show_in_feed = False
    key: str

    @pytest.fixture
    def project(self, redmine: Redmine) -> str:
        return redmine.create_project()

    @pytest.fixture
    def side(self, redmine: Redmine, project: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedmineSide]:
        monkeypatch.setattr(issues, "PAGE_SIZE", 3)  # so that a few issues are several pages
        side = RedmineSide(
            redmine.url,
            project,
            KeptSecrets(redmine=self.key),
            "redmine",
            connection="pmo",
            clock=lambda: datetime.now(UTC),
        )
        yield side
        side.close()

    @pytest.fixture
    def people(self, redmine: Redmine, project: str) -> Users:
        return Users(redmine, project)

    @pytest.fixture
    def facts(self, project: str, custom: Callable[[str], str]) -> Facts:
        return Facts(
            project=project,
            kind="Bug",
            title="subject",
            body="description",
            values=self.values(custom),
            types=self.types(custom),
        )

    @pytest.fixture
    def custom(self, redmine: Redmine) -> Callable[[str], str]:
        """The key of a custom field by its name."""
        return lambda name: f"cf_{redmine.custom_field(name)}"

    def values(self, custom: Callable[[str], str]) -> dict[str, tuple[Any, Any]]:
        return {
            "status": ("New", "In Progress"),
            "priority": ("High", "Normal"),
            "start_date": ("2026-03-02", "2026-03-03"),
            "due_date": ("2026-04-01", "2026-03-31"),
            "estimated_hours": (8, 2.5),
            "done_ratio": (10, 67),
        }

    def types(self, custom: Callable[[str], str]) -> dict[str, FieldType]:
        return {
            "description": FieldType.TEXT,
            "status": FieldType.STATE,
            "priority": FieldType.PICKLIST,
            "assigned_to": FieldType.IDENTITY,
            "due_date": FieldType.DATE,
            "estimated_hours": FieldType.DURATION,
            "done_ratio": FieldType.PERCENT,
        }


class TestAsAdministrator(RedmineContract):
    key = ADMINISTRATOR_KEY

    def values(self, custom: Callable[[str], str]) -> dict[str, tuple[Any, Any]]:
        return super().values(custom) | {
            "assigned_to": ("jane@example.com", "otto@example.com"),
            custom("Points"): (8, 13),
            custom("Effort"): (1.5, 0.25),
            custom("Risk"): ("low", "high"),
            custom("Labels"): (["mail", "net"], ["print"]),
            custom("Go-live"): ("2026-05-01", "2026-05-02"),
            custom("Approved"): ("yes", "no"),
            custom("Reviewer"): ("otto@example.com", "jane@example.com"),
        }

    def types(self, custom: Callable[[str], str]) -> dict[str, FieldType]:
        return super().types(custom) | {
            custom("Points"): FieldType.NUMBER,
            custom("Effort"): FieldType.NUMBER,
            custom("Risk"): FieldType.PICKLIST,
            custom("Labels"): FieldType.TAGS,
            custom("Go-live"): FieldType.DATE,
            custom("Approved"): FieldType.PICKLIST,
            custom("Reviewer"): FieldType.IDENTITY,
        }


class TestAsMember(RedmineContract):
    """Who is no administrator is not told the formats of custom fields, and not the mail addresses that people hide."""

    key = MEMBER_KEY

    def values(self, custom: Callable[[str], str]) -> dict[str, tuple[Any, Any]]:
        return super().values(custom) | {
            "assigned_to": ("jane", "otto"),
            custom("Points"): ("8", "13"),
            custom("Risk"): ("low", "high"),
            custom("Labels"): (["mail", "net"], ["print"]),
        }

    def types(self, custom: Callable[[str], str]) -> dict[str, FieldType]:
        return super().types(custom) | {custom("Points"): FieldType.TEXT, custom("Risk"): FieldType.TEXT}
