"""The files themselves: a preset has no part that nobody reads, and its page shows a connection that would be taken."""

import re
import tomllib
from dataclasses import fields
from typing import Any

import pytest
import yaml

from shared.configuration import ItsmConnection
from shared.tickets.preset import ABOUT_COMMENT, ABOUT_PUSH, AUTO, DERIVED, PRESETS, kinds, preset
from shared.tickets.signatures import Scheme
from tests.tickets.presets.helpers import page

KINDS = [kind for kind in kinds() if kind != AUTO]


def written(kind: str) -> dict[str, Any]:
    return tomllib.loads((PRESETS / f"{kind}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_preset_says_all_that_is_needed(kind: str) -> None:
    read = preset(kind)
    assert {"ticket", "id", "changed_at"} <= read.about.keys()
    assert {"number", "kind", "title", "body", "body_format", "status", "priority", "team"} <= read.fields.keys()
    assert not read.comments or {"list", "id", "body", "format", "public"} <= read.comments.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_preset_has_no_part_that_nobody_reads(kind: str) -> None:
    parts = written(kind)
    tables = {"kind", "status", "priority", "answers"}
    assert parts.keys() <= {"extend", "recognise", "signature", "push", "fields", "comments", *tables}
    assert parts.get("push", {}).keys() <= ABOUT_PUSH
    assert not parts.get("fields", {}).keys() & (ABOUT_PUSH | DERIVED)
    assert parts.get("comments", {}).keys() <= ABOUT_COMMENT
    assert parts.get("signature", {}).keys() <= {field.name for field in fields(Scheme)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_connection_on_its_page_is_one_that_would_be_taken(kind: str) -> None:
    configure = page(kind).split("\n## Configure\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", configure, flags=re.DOTALL | re.MULTILINE)
    connections = [each for block in blocks for each in yaml.safe_load(block)["connections"].values()]
    assert {connection["kind"] for connection in connections} == {kind}
    for connection in connections:
        taken = ItsmConnection.model_validate(connection)
        preset(kind).extended(taken.fields, taken.statuses, taken.priorities)
