"""A request held against the model of what may be asked: taken whole, or refused with every fault by its path."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.errors import Refused
from shared.faults import faults_of

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def body[M: BaseModel](model: type[M], raw: bytes) -> M:
    """The JSON object in a body; an empty body is an empty object. `Refused` (400) with every fault."""
    try:
        return model.model_validate_json(raw.removeprefix(BYTE_ORDER_MARK).strip() or b"{}")
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise Refused(400, f"the body is not JSON: {first['ctx']['error']}") from error
        raise _refused(model, error) from error


def mapping(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body, whatever its names; as `body` apart from that."""
    return dict(body(_Anything, raw))


def query[M: BaseModel](model: type[M], parameters: Mapping[str, str]) -> M:
    """The parameters behind the question mark. `Refused` (400) with every fault."""
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        raise _refused(model, error) from error


class _Anything(BaseModel, extra="allow"):
    pass


def _refused(model: type[BaseModel], error: ValidationError) -> Refused:
    return Refused(400, "the request cannot be taken", faults_of(error, known=tuple(model.model_fields)))
