"""Where recorded answers and specifications of the real service are, when this machine has them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

BESIDE_THE_REPOSITORY = Path(__file__).parents[4] / "shared" / "data"
FOLDER = Path(os.environ.get("BOARDBRIDGE_DATA", BESIDE_THE_REPOSITORY)) / "azure-devops"


def recorded(name: str) -> Any:
    """One file of the Azure DevOps data; skips the test where there is none."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not here; BOARDBRIDGE_DATA names the folder that has azure-devops/{name}")
    return json.loads(path.read_text(encoding="utf-8-sig"))
