"""The sides of the simulation keep the contract of real ones, so that what is shown over them holds elsewhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.model import FieldInfo, FieldType
from shared.sync.rules import BOARDS
from tests.connectors.side_contract import Facts, SideContract
from tests.memory.sides import MemorySide, Traits

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TYPES = {"Title": FieldType.TEXT, "Body": FieldType.RICH_TEXT, "Effort": FieldType.NUMBER, "Tags": FieldType.TAGS}
INFOS = {key: FieldInfo(key, key, type) for key, type in TYPES.items()}


class Colleagues:
    def __init__(self, side: MemorySide) -> None:
        self._side = side

    def create(self, title: str) -> str:
        return self._side.add("Story", {"Title": title})

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        self._side.edit(id, fields)

    def move(self, id: str, parent: str | None) -> None:
        self._side.move(id, parent)

    def delete(self, id: str) -> None:
        self._side.delete(id)

    def restore(self, id: str) -> None:
        self._side.restore(id)


class TestWithVersionsAndHistory(SideContract):
    traits = Traits()

    @pytest.fixture
    def side(self) -> MemorySide:
        return MemorySide(BOARDS, lambda: NOON, traits=self.traits, infos=INFOS, kinds=("Story",))

    @pytest.fixture
    def people(self, side: MemorySide) -> Colleagues:
        return Colleagues(side)

    @pytest.fixture
    def facts(self) -> Facts:
        return Facts("Fabrikam", "Story", "Title", "Body", {"Effort": (1, 2.5), "Tags": ("a", "a; b")}, TYPES)


class TestWithNeither(TestWithVersionsAndHistory):
    traits = Traits(conditional_writes=False, history=False, bins=False, moves_make_revisions=False)
