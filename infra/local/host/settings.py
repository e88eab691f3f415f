"""What the host is told: host.json, local.settings.json and the app settings in the environment.

Separate because every trigger reads it and none may interpret it in its own way. A setting that is wrong stops the host
with a sentence (`Refusal`): Azure would not start the app either.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Refusal(Exception):
    """The app or its settings cannot run; the text says what to change."""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """host.json `extensions.queues`, with the defaults of the storage extension. Times in seconds."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    visibility_timeout_seconds: float = 0
    max_dequeue_count: int = 5
    max_polling_interval_seconds: float = 60
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostSettings:
    """host.json as far as this host obeys it."""

    route_prefix: str
    queues: QueueSettings


def read_host_json(app_directory: Path) -> HostSettings:
    """The settings in `host.json`; a `Refusal` names the first one that is wrong."""
    path = app_directory / "host.json"
    document = _read_json(path, "every Functions app has one in its root folder")
    if document.get("version") != "2.0":
        raise Refusal(f'{path}: "version" must be "2.0", not {document.get("version")!r}')
    extensions = document.get("extensions", {})
    return HostSettings(
        route_prefix=extensions.get("http", {}).get("routePrefix", "api").strip("/"),
        queues=_queue_settings(extensions.get("queues", {})),
    )


def _queue_settings(given: Mapping[str, Any]) -> QueueSettings:
    batch_size = given.get("batchSize", 16)
    if batch_size not in range(1, 33):
        raise Refusal(f"host.json: queues.batchSize must be between 1 and 32, not {batch_size!r}")
    encoding = str(given.get("messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        raise Refusal(f"host.json: queues.messageEncoding must be base64 or none, not {encoding!r}")
    return QueueSettings(
        batch_size=batch_size,
        new_batch_threshold=given.get("newBatchThreshold", batch_size // 2),
        visibility_timeout_seconds=seconds(given.get("visibilityTimeout", "00:00:00")),
        max_dequeue_count=given.get("maxDequeueCount", 5),
        max_polling_interval_seconds=seconds(given.get("maxPollingInterval", "00:01:00")),
        base64=encoding == "base64",
    )


def seconds(timespan: object) -> float:
    """`[d.]hh:mm:ss[.fff]`, the notation of host.json, in seconds."""
    match = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)", str(timespan))
    if match is None:
        raise Refusal(f"host.json: {timespan!r} is not a time span; write hours, minutes and seconds as 00:00:30")
    days, hours, minutes, rest = match.groups()
    return int(days or 0) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + float(rest)


def adopt_local_settings(app_directory: Path) -> None:
    """Put the `Values` of local.settings.json into the environment, where app settings live.

    What the environment has already wins, as it does in Core Tools.
    """
    path = app_directory / "local.settings.json"
    if not path.exists():
        return
    for name, value in _read_json(path).get("Values", {}).items():
        os.environ.setdefault(name, str(value))


def resolve(text: str) -> str:
    """Replace every `%SETTING%` in a binding's text with that app setting."""

    def setting(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise Refusal(f"'%{name}%' does not resolve to a value: set the app setting {name}")
        return os.environ[name]

    return re.sub(r"%([^%]+)%", setting, text)


def _read_json(path: Path, why: str = "") -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Refusal(f"{path} is missing: {why}") from None
    except json.JSONDecodeError as error:
        raise Refusal(f"{path} is not JSON: {error}") from None
