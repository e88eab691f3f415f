"""Every answer of the app, held against the document that the app itself serves."""

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from jsonschema import Draft202012Validator

from infra.local.clients import Product
from infra.local.running import RunningHost

KEY = "x-functions-key"
BARE = (204, 401, 500)  # 401 and 500 if they are the platform's


def product_of(host: RunningHost) -> Product:
    return Product(host.url, host.KEY, check)


def check(response: requests.Response, *_: object, **__: object) -> None:
    """For a session's `response` hook: what is answered is what the document says of its operation and status."""
    address, method = urlsplit(str(response.request.url)), str(response.request.method)
    bare = response.status_code in BARE and not response.content
    if bare or not address.path.startswith("/api/"):
        return
    document = served(f"{address.scheme}://{address.netloc}", response.request.headers[KEY])
    media = response.headers["content-type"].partition(";")[0]
    judge = document.judge(method.lower(), address.path, response.status_code, media)
    body = yaml.safe_load(response.text) if media == "application/yaml" else response.json()
    faults = [f"{each.json_path}: {each.message}" for each in judge.iter_errors(body)]
    assert faults == [], f"{method} {address.path} breaks the description of its answer {response.status_code}"


@cache
def served(origin: str, key: str) -> "Document":
    answer = requests.get(f"{origin}/api/openapi.json", headers={KEY: key}, timeout=30)
    answer.raise_for_status()
    return Document(answer.json())


class Document:
    """What an OpenAPI document says of answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = document["components"]
        self._judges: dict[tuple[str, str, int, str], Draft202012Validator] = {}
        exact_first = sorted(document["paths"], key=lambda path: len(re.sub(r"\{\w+\}", "", path)), reverse=True)
        self._operations = [
            (method, path, re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(path))), operation)
            for path in exact_first
            for method, operation in document["paths"][path].items()
        ]

    def judge(self, method: str, path: str, status: int, media: str) -> Draft202012Validator:
        """What judges such an answer; a `KeyError` where there is no such answer."""
        template, operation = self._operation(method, path)
        known = (method, template, status, media)
        if known not in self._judges:
            answers = operation["responses"]
            answer = answers.get(str(status), answers["default"])
            if "$ref" in answer:
                answer = self._components["responses"][answer["$ref"].rpartition("/")[2]]
            schema = {**answer["content"][media]["schema"], "components": self._components}
            self._judges[known] = Draft202012Validator(schema)
        return self._judges[known]

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        for its_method, template, pattern, operation in self._operations:
            if its_method == method and pattern.fullmatch(path):
                return template, operation
        raise KeyError(f"{method} {path}")
