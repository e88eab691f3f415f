"""Where the recorded answers of Azure DevOps are. They are not part of the project and not on every machine."""

import os
from pathlib import Path

import pytest

BESIDE_THE_PROJECT = Path(__file__).parents[3].parent / "shared" / "data"


def recorded() -> Path:
    """The directory of the recordings; skips the test that asks where there is none."""
    directory = Path(os.environ.get("BOARDBRIDGE_DATA", BESIDE_THE_PROJECT)) / "azure-devops"
    if not directory.is_dir():
        pytest.skip("recorded answers are not on this machine; BOARDBRIDGE_DATA says where they are")
    return directory
