"""The demo plays its story to the end and is content with it."""

import subprocess
import sys

import pytest

from infra.local.azurite import NodeMissing, node
from infra.local.running import REPOSITORY


@pytest.mark.slow
def test_the_story_ends_as_it_should():
    try:
        node()
    except NodeMissing as missing:
        pytest.skip(str(missing))
    command = [sys.executable, "-m", "infra.local.demo", "--once", "--free-ports"]
    played = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "9 tickets, 9 work items." in played.stdout
    assert "to the requester: [azure-devops:" in played.stdout
    assert "local-pat" not in played.stdout, "no token is ever shown"
