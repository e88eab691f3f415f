"""Running a function by hand, as an operator does."""

from collections.abc import Callable

import pytest
import requests

from infra.local.running import RunningHost


@pytest.fixture
def run_by_hand() -> Callable[..., None]:
    def run(host: RunningHost, function: str, given: str = "") -> None:
        url = f"{host.url}/admin/functions/{function}"
        response = requests.post(url, json={"input": given}, headers={"x-functions-key": host.KEY}, timeout=10)
        assert response.status_code == 202, response.text

    return run
