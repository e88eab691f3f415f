"""`/_simulator/`: what people do in the user interface, and how a test steers the simulator. JSON, no authentication.

Not part of what is simulated: nothing here resembles a call of the real service.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from infra.local.ppm_express.calendar import Calendar
from infra.local.ppm_express.faults import Fault, Faults, Limit
from infra.local.ppm_express.fields import TASK_FIELDS
from infra.local.ppm_express.tenant import PPMX, SOURCES, Refused

if TYPE_CHECKING:
    from infra.local.ppm_express.server import Simulator

type Command = Callable[["Simulator", dict[str, Any]], Any]


def _reset(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.reset()


def _create(simulator: "Simulator", wanted: dict[str, Any]) -> Any:
    source = wanted.get("source", PPMX)
    if source not in SOURCES:
        raise Refused(400, f"'source' is one of {', '.join(SOURCES)}, not '{source}'.")
    return {"id": simulator.tenant.create_task(wanted["project"], wanted["fields"], source).id}


def _tasks(simulator: "Simulator", wanted: dict[str, Any]) -> Any:
    return {"tasks": [task.document() for task in simulator.tenant.project(wanted["project"]).tasks.values()]}


def _edit(simulator: "Simulator", wanted: dict[str, Any]) -> Any:
    """Answers with what was there before."""
    before = dict(simulator.tenant.task(wanted["project"], wanted["task"]).attributes)
    simulator.tenant.update_task(wanted["project"], wanted["task"], wanted["fields"])
    return {"before": {key: before.get(key) for key in wanted["fields"]}}


def _move(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    parent = [{"id": wanted["parent"]}] if wanted["parent"] else []
    simulator.tenant.update_task(wanted["project"], wanted["task"], {"Parent": parent})


def _delete(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.tenant.delete_task(wanted["project"], wanted["task"])


def _fields(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    """`without` leaves fields out, `read_only` makes them so, `ignored` are accepted by the API and not written."""
    left = [field for field in TASK_FIELDS if field.key not in wanted.get("without", ())]
    frozen = wanted.get("read_only", ())
    simulator.tenant.fields = {
        field.key: replace(field, read_only=field.read_only or field.key in frozen) for field in left
    }
    simulator.tenant.ignored = set(wanted.get("ignored", ()))


def _calendar(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.tenant.calendar = Calendar(frozenset(date.fromisoformat(day) for day in wanted["holidays"]))


def _token(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    """Any of `value`, `expires_at` (ISO 8601) and `scopes`."""
    token = simulator.tenant.token
    token.value = wanted.get("value", token.value)
    token.scopes = tuple(wanted.get("scopes", token.scopes))
    if "expires_at" in wanted:
        token.expires_at = datetime.fromisoformat(wanted["expires_at"])


def _fault(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.faults.in_force.append(Fault(**wanted))


def _clear_faults(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.faults = Faults()


def _limit(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.faults.limit = Limit(**wanted)


def _latency(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.faults.latency_seconds = wanted["seconds"]


def _deliveries(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    """Shares of webhook messages: `lose`, `double`."""
    simulator.deliveries.lose = wanted.get("lose", 0)
    simulator.deliveries.double = wanted.get("double", 0)


def _overwritten(simulator: "Simulator", wanted: dict[str, Any]) -> Any:
    return {"overwritten": simulator.tenant.overwritten}


def _under_way(simulator: "Simulator", wanted: dict[str, Any]) -> Any:
    return {"under_way": simulator.deliveries.under_way}


def _requests(simulator: "Simulator", wanted: dict[str, Any]) -> Any:
    return {"requests": list(simulator.requests)}


def _forget_requests(simulator: "Simulator", wanted: dict[str, Any]) -> None:
    simulator.requests.clear()


COMMANDS: Mapping[str, Command] = {
    "POST reset": _reset,
    "GET tasks": _tasks,
    "POST tasks": _create,
    "PATCH tasks": _edit,
    "POST tasks/move": _move,
    "DELETE tasks": _delete,
    "PUT fields": _fields,
    "PUT calendar": _calendar,
    "PUT token": _token,
    "POST faults": _fault,
    "DELETE faults": _clear_faults,
    "PUT limit": _limit,
    "PUT latency": _latency,
    "GET overwritten": _overwritten,
    "PUT deliveries": _deliveries,
    "GET deliveries": _under_way,
    "GET requests": _requests,
    "DELETE requests": _forget_requests,
}


def run(simulator: "Simulator", command: str, wanted: dict[str, Any]) -> tuple[int, Any]:
    """Status and document of one command, `METHOD path`."""
    if command not in COMMANDS:
        return 404, {"message": f"There is no '{command}'. There are: {', '.join(COMMANDS)}."}
    try:
        return 200, COMMANDS[command](simulator, wanted) or {}
    except (KeyError, TypeError, ValueError) as error:
        return 400, {"message": f"{command} cannot be done with {sorted(wanted)}: {error}"}
