"""What pydantic finds wrong with a document, as pairs of a path in that document and what to fix there."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

type Fault = tuple[str, str]

# The arm of a union, or that a key is at fault: parts of the model, not of the document.
PARTS_OF_THE_MODEL = ("str", "[key]")
KINDS_IN_THE_MODEL = ("tuple[", "literal[", "constrained-")


def faults_of(error: ValidationError, *under: Any, known: Collection[str] = ()) -> list[Fault]:
    """Every fault once, with its path below `under`. `known` are the names that the document itself may have."""
    faults = ((_path((*under, *fault["loc"])), _what_to_fix(fault, known)) for fault in error.errors())
    return list(dict.fromkeys(faults))


def _path(location: Iterable[Any]) -> str:
    path = ""
    for part in location:
        if part in PARTS_OF_THE_MODEL or str(part).startswith(KINDS_IN_THE_MODEL):
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _what_to_fix(fault: Mapping[str, Any], known: Collection[str]) -> str:
    match fault["type"]:
        case "missing":
            return "this is needed"
        case "extra_forbidden" if known and len(fault["loc"]) == 1:
            return f"this is not known here: {', '.join(known)}"
        case "extra_forbidden":
            return "this is not known here; check the spelling"
        case "tuple_type" | "list_type":
            return "write a list here"
        case "model_type" | "dict_type" | "mapping_type":
            return "write an object of names and values here"
        case "too_short":
            return f"write a list with at least {fault['ctx']['min_length']} here"
        case "value_error":
            return str(fault["ctx"]["error"])
        case _:
            return f"{fault['msg'][0].lower()}{fault['msg'][1:]}"
