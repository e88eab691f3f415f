"""The app's functions, indexed and invoked by the worker library that Azure runs.

`azure_functions_runtime` is driven through the names in its `__all__`. It takes its message classes from the caller, so
plain objects with the field names of FunctionRpc.proto stand in for protobuf here.
"""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime

from infra.local.host.settings import Refusal


@dataclass(frozen=True, slots=True)
class Function:
    """One indexed function; `bindings` are the objects function.json would hold."""

    name: str
    id: str
    bindings: tuple[dict[str, Any], ...]

    @property
    def trigger(self) -> dict[str, Any]:
        return next(binding for binding in self.bindings if binding["type"].lower().endswith("trigger"))

    def triggered_by(self, kind: str) -> bool:
        """Whether `kind` (`http`, `queue`, `timer`) is what starts this function."""
        return self.trigger["type"].lower() == f"{kind}trigger"


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """An HTTP request as the host hands it over; header names in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    query: dict[str, str]
    params: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an invocation came to: `error` is its traceback, or None when it succeeded."""

    error: str | None
    returned: "TypedData | None" = None
    outputs: tuple[tuple[str, "TypedData"], ...] = ()


class Message:
    """A message of the protocol: whatever fields it is made with."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class TypedData(Message):
    """A value with its kind: `string`, `bytes`, `json`, `int`, `double` or `http`."""

    def __init__(self, **value: Any) -> None:
        super().__init__(**value)
        [(self.kind, self.value)] = value.items()

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name for it
        return self.kind


class ParameterBinding(Message):
    """The value for one parameter, or of one output binding: `name` and `data`."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802
        return "data"


class BindingInfo(Message):
    undefined, out, inout = 0, 1, 2


class StatusResult(Message):
    Failure, Success = 0, 1


class RpcHttpCookie(Message):
    SameSite = SimpleNamespace(**{"None": 0}, Lax=1, Strict=2, ExplicitNone=3)


_PLAIN = (
    "FunctionMetadataResponse InvocationResponse NullableBool NullableDouble NullableString NullableTimestamp "
    "RpcException RpcFunctionMetadata RpcHttp RpcRetryOptions WorkerInitResponse WorkerMetadata"
)
PROTOCOL = SimpleNamespace(
    **dict.fromkeys(_PLAIN.split(), Message),
    BindingInfo=BindingInfo,
    ParameterBinding=ParameterBinding,
    RpcHttpCookie=RpcHttpCookie,
    StatusResult=StatusResult,
    TypedData=TypedData,
)


async def index(app_directory: Path) -> tuple[Function, ...]:
    """Import the app, once per process, and return its functions.

    Raises `Refusal` with the runtime's own message where Azure would find no functions.
    """
    runtime.start_threadpool_executor()
    request = SimpleNamespace(
        request=Message(worker_init_request=Message(capabilities={}, function_app_directory=str(app_directory))),
        properties={"host": "127.0.0.1", "protos": PROTOCOL},
    )
    response = await runtime.worker_init_request(request)
    if response.result.status != StatusResult.Success:
        failure = response.result.exception
        raise Refusal(f"the app cannot be loaded, and would not be in Azure: {failure.message}\n{failure.stack_trace}")
    metadata = await runtime.functions_metadata_request(request)
    found = metadata.function_metadata_results
    if not found:
        raise Refusal(
            f"no function was found in {app_directory}: function_app.py must lie there beside host.json, "
            "bind one FunctionApp and register every blueprint"
        )
    return tuple(Function(f.name, f.function_id, tuple(json.loads(raw) for raw in f.raw_bindings)) for f in found)


async def invoke(function: Function, value: TypedData, trigger_metadata: dict[str, str]) -> Outcome:
    """Run `function` with `value` for its trigger."""
    request = Message(
        invocation_id=str(uuid.uuid4()),
        function_id=function.id,
        input_data=[ParameterBinding(name=function.trigger["name"], data=value)],
        trigger_metadata={name: TypedData(string=text) for name, text in trigger_metadata.items()},
        trace_context=Message(trace_parent="", trace_state="", attributes={}),
        retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
    )
    response = await runtime.invocation_request(SimpleNamespace(request=Message(invocation_request=request)))
    if response.result.status != StatusResult.Success:
        return Outcome(error=response.result.exception.stack_trace or response.result.exception.message)
    return Outcome(
        error=None,
        returned=response.return_value,
        outputs=tuple((output.name, output.data) for output in response.output_data if output.data is not None),
    )


def http_value(message: HttpMessage) -> TypedData:
    """The request as the value of an HTTP trigger."""
    fields = {name: getattr(message, name) for name in ("method", "url", "headers", "query", "params")}
    return TypedData(http=Message(**fields, body=TypedData(bytes=message.body)))
