"""Whether the app runs at all; asks nothing of anybody, so it can be asked often and by anyone."""

from typing import Any

from functions.operations import NOTHING, Call, Family

health_check = Family("health")


@health_check.operation("health", "GET", asks=NOTHING, answers={200: "Health"})
def health(call: Call) -> Any:
    """Whether the app runs at all."""
    return {"status": "ok"}
