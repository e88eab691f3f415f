"""The arrows between folders, kept by reading every import: who may know whom, and what the pure core may not touch.

    function_app → functions → shared.wiring → shared.connectors.* → ports, configuration, model, errors
                                             ↘ shared.<promise>    ↗

The law is the table `LAYERS`. What breaks it is told in a sentence; the second half of this file breaks it on purpose
and compares the sentences. Imports inside functions and under TYPE_CHECKING count like any other: knowing is knowing.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = ("function_app", "functions", "infra", "shared", "tests")
PRODUCT = ("function_app", "functions", "shared")
NOUNS = ("shared.ports", "shared.configuration", "shared.model", "shared.links", "shared.errors", "shared.faults")


@dataclass(frozen=True, slots=True)
class Layer:
    """Modules under one name. `*` stands for one part, and parts under different names do not know each other.

    `never` are exceptions within what it may know.
    """

    name: str
    may_know: tuple[str, ...]
    law: str
    never: tuple[str, ...] = ()

    def part_of(self, module: str) -> str | None:
        """The part of this layer that the module belongs to, such as `shared.tickets`; None where it is elsewhere."""
        found = re.match(self.name.replace(".", r"\.").replace("*", r"\w+") + r"(?=\.|$)", module)
        return found and found[0]


# The first that fits a module holds for it. A part always knows itself.
LAYERS = (
    Layer("function_app", ("functions",), "function_app.py registers the functions, nothing else"),
    Layer(
        "functions",
        ("shared.wiring", "shared.model", "shared.errors"),
        "a function decodes, calls a service that wiring hands it, and encodes",
    ),
    Layer(
        "shared.wiring.doors",
        (*NOUNS, "shared.connectors", "shared.wiring.environment"),
        "doors.py knows every connector and no promise",
    ),
    Layer("shared.wiring.environment", NOUNS, "environment.py serves the rest of wiring and knows none of it"),
    Layer("shared.wiring", ("shared",), "wiring knows all of shared/ and nothing beyond"),
    Layer("shared.connectors.http", NOUNS, "http.py serves every connector and knows none"),
    Layer("shared.connectors.lists", (), "lists.py is about text alone"),
    Layer(
        "shared.connectors.rest",
        (*NOUNS, "shared.connectors.http", "shared.connectors.lists"),
        "rest.py serves many connectors, knows none",
    ),
    Layer("shared.connectors.probing", NOUNS, "probing.py serves many connectors, knows none"),
    Layer("shared.connectors.sharing", NOUNS, "sharing.py serves many connectors, knows none"),
    Layer(
        "shared.connectors.*",
        (*NOUNS, *(f"shared.connectors.{name}" for name in ("http", "rest", "probing", "sharing"))),
        "a connector knows ports, configuration, model, errors and http.py, never another connector or a promise",
    ),
    Layer("shared.errors", ("shared.model",), "errors know the model at most"),
    Layer("shared.model", ("shared.errors",), "the model knows errors at most"),
    Layer("shared.faults", (), "faults.py serves whoever holds a document against a model, and knows none of them"),
    Layer(
        "shared.configuration",
        ("shared.model", "shared.errors", "shared.faults"),
        "configuration is data: it knows model and errors",
    ),
    Layer("shared.links", ("shared.model",), "links are what is stored of two sides: they know the model"),
    Layer("shared.ports", NOUNS, "ports know configuration, model and errors"),
    Layer("shared.places", NOUNS, "places.py serves every promise and knows none"),
    Layer("shared.sync.pairs", (*NOUNS, "shared.places", "shared.sync"), "pairs/ stands on the algorithm alone"),
    Layer(
        "shared.sync",
        (*NOUNS, "shared.places"),
        "the algorithm knows ports, configuration, model and errors, and nothing of pairs/, which stands on it",
        never=("shared.sync.pairs",),
    ),
    Layer(
        "shared.*",
        (*NOUNS, "shared.places"),
        "a promise knows ports, configuration, model and errors, never a connector or another promise",
    ),
    Layer("infra", (), "infra/ stands beside the product and meets it over HTTP"),
)

# Where every answer follows from the arguments: all of these, except each promise's service.
CORE = re.compile(r"shared\.(?!wiring\b|connectors\b|\w+\.service$).+")
OUTSIDE_WORLD = ("azure", "http.client", "os", "random", "requests", "secrets", "socket", "time", "urllib.request")
CLOCKS_AND_DICE = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|uuid[14])$")


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    path: str
    tree: ast.Module

    def imports(self, modules: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Line and full name of everything imported; `from a import b` is `a.b` where that is a module, else `a`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = self._absolute(node)
                inner = (f"{package}.{alias.name}" for alias in node.names)
                names = {name if name in modules else package for name in inner}
                yield from ((node.lineno, name) for name in sorted(names))

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parents = self.name.split(".") if self.path.endswith("__init__.py") else self.name.split(".")[:-1]
        base = parents[: len(parents) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)


def read(root: Path, *tops: str) -> dict[str, Module]:
    """The modules under these top names, by full name."""
    found: dict[str, Module] = {}
    for path in sorted(path for top in tops for path in (root / f"{top}.py", *(root / top).rglob("*.py"))):
        place = path.relative_to(root)
        if path.exists() and "node_modules" not in place.parts:
            parts = place.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, place.as_posix(), ast.parse(path.read_text(encoding="utf-8")))
    return found


def within(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def broken_arrows(root: Path) -> list[str]:
    """One sentence per import that the law does not allow."""
    modules = read(root, *PROJECT)
    return [
        f"{module.path}:{line} imports {imported}, but {reason}."
        for module in modules.values()
        for line, imported in module.imports(modules)
        if (reason := why_not(module.name, imported))
    ]


def why_not(module: str, imported: str) -> str | None:
    """The law that forbids this import, None where none does."""
    layer, part = next(((layer, part) for layer in LAYERS if (part := layer.part_of(module))), (None, None))
    if layer is None or part is None:
        return None
    if within(imported, PROJECT):
        known = within(imported, (part, *layer.may_know)) and not within(imported, layer.never)
        return None if known else layer.law
    if within(module, ("function_app", "functions")) and not within(
        imported, ("azure.functions", *sys.stdlib_module_names)
    ):
        return "functions know azure.functions and the standard library; other packages are for connectors"
    if within(module, ("shared.model", "shared.errors", "shared.ports")) and not within(
        imported, sys.stdlib_module_names
    ):
        return "model, errors and ports are plain Python"
    return None


def impurities(root: Path) -> list[str]:
    """One sentence per place where the pure core reaches for the network, the clock, chance or the environment."""
    modules = read(root, "shared")
    core = [module for module in modules.values() if CORE.fullmatch(module.name)]
    return [f"{module.path}:{line} {fault}." for module in core for line, fault in sorted(reaches(module, modules))]


def reaches(module: Module, modules: Iterable[str]) -> Iterator[tuple[int, str]]:
    for line, imported in module.imports(modules):
        if within(imported, OUTSIDE_WORLD):
            yield line, f"imports {imported}, but only services and connectors meet the world"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name) and CLOCKS_AND_DICE.search(name := ast.unparse(node)):
            yield node.lineno, f"uses {name}, but time and ids come in as arguments"


def undeclared(root: Path, distributions: Mapping[str, list[str]]) -> list[str]:
    """One sentence per import of the product that requirements.txt, which is all Azure installs, does not cover."""
    declared = {
        found[0].lower()
        for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if (found := re.match(r"[\w.-]+", line))
    }
    modules = read(root, *PRODUCT)
    return [
        f"{module.path}:{line} imports {imported}, which no package in requirements.txt provides."
        for module in modules.values()
        for line, imported in module.imports(modules)
        if not within(imported, (*PROJECT, *sys.stdlib_module_names))
        and not any(provides(package, imported, distributions) for package in declared)
    ]


def provides(package: str, imported: str, distributions: Mapping[str, list[str]]) -> bool:
    """Azure's packages share the name `azure` and are told apart by the rest of theirs."""
    if package.startswith("azure-"):
        return within(imported, (package.replace("-", "."),))
    return package in (name.lower() for name in distributions.get(imported.split(".")[0], ()))


# ------------------------------------------------------------------------------------------------------- this project


def test_every_arrow_points_the_right_way() -> None:
    assert not (sentences := broken_arrows(ROOT)), "\n".join(sentences)


def test_the_core_knows_no_network_clock_chance_or_environment() -> None:
    assert not (sentences := impurities(ROOT)), "\n".join(sentences)


def test_azure_installs_every_package_that_the_product_imports() -> None:
    assert not (sentences := undeclared(ROOT, packages_distributions())), "\n".join(sentences)


# ------------------------------------------------------------------------------------------------- and that it can fail

PROMISE = "a promise knows ports, configuration, model and errors, never a connector or another promise"
ALGORITHM = "the algorithm knows ports, configuration, model and errors, and nothing of pairs/, which stands on it"
CONNECTOR = "a connector knows ports, configuration, model, errors and http.py, never another connector or a promise"


def plant(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "line", "sentence"),
    [
        ("function_app.py", "from functions import health", None),
        (
            "function_app.py",
            "import shared.wiring",
            "shared.wiring, but function_app.py registers the functions, nothing else",
        ),
        ("functions/health.py", "import json\nimport azure.functions as func\nfrom shared import wiring", None),
        (
            "functions/health.py",
            "from shared.tickets.service import Tickets",
            "shared.tickets.service, but a function decodes, calls a service that wiring hands it, and encodes",
        ),
        (
            "functions/health.py",
            "import requests",
            "requests, but functions know azure.functions and the standard library; other packages are for connectors",
        ),
        ("shared/wiring/__init__.py", "from shared.connectors.redmine import api\nimport azure.identity", None),
        (
            "shared/wiring/__init__.py",
            "from infra.local import demo",
            "infra.local, but wiring knows all of shared/ and nothing beyond",
        ),
        ("shared/wiring/doors.py", "from shared.connectors.redmine import api\nfrom .environment import now", None),
        (
            "shared/wiring/doors.py",
            "import shared.tickets.service",
            "shared.tickets.service, but doors.py knows every connector and no promise",
        ),
        (
            "shared/wiring/environment.py",
            "from shared.connectors.redmine import api",
            "shared.connectors.redmine, but environment.py serves the rest of wiring and knows none of it",
        ),
        ("shared/connectors/redmine/api.py", "import requests\nfrom ..http import get\nfrom .auth import sign", None),
        ("shared/connectors/redmine/api.py", "from ..jira import auth", f"shared.connectors.jira, but {CONNECTOR}"),
        ("shared/connectors/key_vault.py", "import shared.tickets.mapping", f"shared.tickets.mapping, but {CONNECTOR}"),
        (
            "shared/connectors/http.py",
            "from shared.connectors import redmine",
            "shared.connectors.redmine, but http.py serves every connector and knows none",
        ),
        ("shared/tickets/routing.py", "from shared import configuration, model\nfrom . import mapping", None),
        ("shared/tickets/routing.py", "def f():\n    from shared.sync import plan", f"shared.sync, but {PROMISE}"),
        ("shared/sync/pairs/views.py", "from shared.sync import service\nfrom . import rows", None),
        ("shared/sync/run.py", "from .pairs import views", f"shared.sync.pairs, but {ALGORITHM}"),
        ("shared/sync/run.py", "import shared.tickets.mapping", f"shared.tickets.mapping, but {ALGORITHM}"),
        ("shared/tickets/service.py", "import shared.connectors.http", f"shared.connectors.http, but {PROMISE}"),
        ("shared/tickets/service.py", "from tests import stories", f"tests, but {PROMISE}"),
        ("shared/model.py", "from shared.errors import Park", None),
        ("shared/model.py", "from . import ports", "shared.ports, but the model knows errors at most"),
        ("shared/errors.py", "import requests", "requests, but model, errors and ports are plain Python"),
        ("infra/local/demo.py", "from infra.local import host\nimport starlette", None),
        (
            "infra/local/demo.py",
            "from shared.model import Ticket",
            "shared.model, but infra/ stands beside the product and meets it over HTTP",
        ),
        ("tests/test_model.py", "from shared.model import Ticket\nimport infra.local.demo", None),
    ],
)
def test_a_broken_arrow_is_told_in_a_sentence(tmp_path: Path, path: str, line: str, sentence: str | None) -> None:
    parts = ("model", "errors", "ports", "configuration", "connectors/http")
    packages = ("wiring/__init__", "connectors/redmine/__init__")
    plant(tmp_path, {f"shared/{part}.py": "" for part in (*parts, *packages)})
    plant(tmp_path, {path: line})
    last = len(line.splitlines())
    assert broken_arrows(tmp_path) == ([f"{path}:{last} imports {sentence}."] if sentence else [])


def test_an_impure_core_is_told_in_sentences(tmp_path: Path) -> None:
    impure = "import os\nfrom datetime import datetime\nfrom uuid import uuid4\nid = uuid4()\nnow = datetime.now\n"
    allowed = ("shared/tickets/service.py", "shared/connectors/http.py", "shared/wiring/environment.py")
    plant(tmp_path, dict.fromkeys(("shared/tickets/mapping.py", *allowed), impure))
    assert impurities(tmp_path) == [
        "shared/tickets/mapping.py:1 imports os, but only services and connectors meet the world.",
        "shared/tickets/mapping.py:4 uses uuid4, but time and ids come in as arguments.",
        "shared/tickets/mapping.py:5 uses datetime.now, but time and ids come in as arguments.",
    ]


def test_a_package_that_azure_would_miss_is_told_in_a_sentence(tmp_path: Path) -> None:
    imports = "import json, yaml\nfrom azure.data.tables import TableClient\nimport azure.identity\nimport jmespath\n"
    plant(
        tmp_path, {"requirements.txt": "# a comment\nPyYAML>=6\nazure-data-tables>=12.7,<13\n", "shared/a.py": imports}
    )
    assert undeclared(tmp_path, {"yaml": ["PyYAML"], "jmespath": ["jmespath"]}) == [
        "shared/a.py:3 imports azure.identity, which no package in requirements.txt provides.",
        "shared/a.py:4 imports jmespath, which no package in requirements.txt provides.",
    ]
