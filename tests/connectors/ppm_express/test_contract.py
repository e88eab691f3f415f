"""The PPM Express connector keeps the contract of `Side`, against the simulator over real HTTP."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from infra.local.ppm_express.running import RunningPpmExpress
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.model import FieldType
from tests.connectors.ppm_express.tenant import ppm_side
from tests.connectors.side_contract import Facts, SideContract

MONDAY, TUESDAY = "2026-05-11", "2026-05-12"
FRIDAY, NEXT_FRIDAY = "2026-05-15", "2026-05-22"


class PeopleOfPpmExpress:
    """What somebody does in PPM Express itself."""

    def __init__(self, ppm: RunningPpmExpress) -> None:
        self._control = ppm.control

    def create(self, title: str) -> str:
        return self._control.create({"Name": title})

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        self._control.edit(id, dict(fields))

    def move(self, id: str, parent: str | None) -> None:
        self._control.move(id, parent)

    def delete(self, id: str) -> None:
        self._control.delete(id)

    def restore(self, id: str) -> None:
        raise AssertionError("what is deleted in PPM Express is gone")


class TestPpmExpress(SideContract):
    deletes_show_in_feed = False
    without: ClassVar[list[str]] = []

    @pytest.fixture
    def side(self, ppm: RunningPpmExpress, api: PpmExpressApi) -> PpmExpressSide:
        ppm.control.fields(without=self.without)
        return ppm_side(api)

    @pytest.fixture
    def people(self, ppm: RunningPpmExpress, side: PpmExpressSide) -> Iterator[PeopleOfPpmExpress]:
        return PeopleOfPpmExpress(ppm)

    @pytest.fixture
    def facts(self, ppm: RunningPpmExpress) -> Facts:
        return Facts(
            project=ppm.project,
            kind="Task",
            title="Name",
            body="Description",
            values={
                "StartDate": (MONDAY, TUESDAY),
                "DueDate": (FRIDAY, NEXT_FRIDAY),
                "Progress": (10, 55),
                "Effort": (8.0, 2.5),
                "Priority": ("Low", "High"),
                "Group": ("Now", "Next"),
                "Labels": (["legal"], ["customer", "risk"]),
                "AssignedTo": ("priya@contoso.example", ["omar@contoso.example", "priya@contoso.example"]),
                "IsMilestone": ("Yes", "No"),
                "Customer Reference": ("C-1", "C-2"),
            },
            types={
                "StartDate": FieldType.DATE,
                "Progress": FieldType.PERCENT,
                "Effort": FieldType.DURATION,
                "Priority": FieldType.PICKLIST,
                "Labels": FieldType.TAGS,
                "AssignedTo": FieldType.IDENTITY,
            },
        )


class TestWithoutFieldForMarkers(TestPpmExpress):
    """The marker stands in the description, which does not show it."""

    without = ("Boardbridge Link",)


class TestWithoutFieldForParents(TestPpmExpress):
    """The tenant's tasks have no hierarchy that could be seen."""

    without = ("Parent",)
