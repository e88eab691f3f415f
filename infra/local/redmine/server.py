"""Redmine from Debian's packages on SQLite, all that it writes in one folder, and what people do in it.

Apart from the simulators because nothing here is simulated: it needs the packages redmine, redmine-sqlite and puma.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import requests

from infra.local.running import RunningProcess

HERE = Path(__file__).parent
PROGRAM = Path("/usr/share/redmine")
SERVER = "/usr/bin/puma"
ADMINISTRATOR_KEY = "a" * 40
MEMBER_KEY = "b" * 40  # of the user `boardbridge`, a manager in every project
PERSON_KEY = "c" * 40  # of the user `jane`, too
MEMBERS = ("boardbridge", "jane", "otto")
TIMEOUT_SECONDS = 30


class RedmineRefusal(RuntimeError):
    """Redmine answered a person with an error: `status`, and `said` as it came."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.request.method} {response.request.url}: {response.status_code} {response.text}")
        self.status = response.status_code
        self.said = response.text


class Redmine:
    """One Redmine on a loopback port, its issues kept in `directory` from start to start.

    A context manager: it is stopped on the way out. People are the user `jane`, administration is done by `admin`.
    """

    def __init__(self, port: int, directory: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self.directory = directory.resolve()
        self._process: RunningProcess | None = None
        self._http = requests.Session()
        self._ids: dict[tuple[str, str], int] = {}

    @staticmethod
    def is_installed() -> bool:
        return PROGRAM.joinpath("config.ru").exists() and Path(SERVER).exists()

    def start(self, *, time_zone: str = "UTC") -> Self:
        """Serve, on a machine that lives in `time_zone`; returns once it answers."""
        if not self.is_installed():
            raise RuntimeError("Redmine is not installed: `make test-real` installs it on Debian and Ubuntu")
        self._initialise()
        self._process = RunningProcess(
            [
                *(SERVER, "--dir", str(self._app), "--environment", "production"),
                *("--bind", f"tcp://127.0.0.1:{self._port}"),
                *("--config", str(HERE / "puma.rb")),
                str(self._app / "config.ru"),
            ],
            ready="Listening on",
            environment=self._environment | {"TZ": time_zone},
            timeout_seconds=60,
        )
        return self

    def stop(self) -> None:
        if self._process:
            self._process.stop()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ---------------------------------------------------------------- what an administrator does

    def create_project(self, *, parent: str | None = None, custom_fields: Sequence[str] = ("Boardbridge",)) -> str:
        """An empty project of its own; its identifier. `custom_fields` are those that are not for all projects."""
        identifier = f"pmo-{uuid4().hex}"
        project = {
            "name": f"PMO {identifier}",
            "identifier": identifier,
            "is_public": False,
            "issue_custom_field_ids": [self.custom_field(name) for name in custom_fields],
        }
        if parent:
            project["parent_id"] = self.call("GET", f"projects/{parent}")["project"]["id"]
        self.call("POST", "projects", {"project": project})
        for login in MEMBERS:
            member = {"user_id": self.user(login), "role_ids": [self.role("Manager")]}
            self.call("POST", f"projects/{identifier}/memberships", {"membership": member})
        return identifier

    def close_project(self, identifier: str) -> None:
        self.call("PUT", f"projects/{identifier}/close")

    def user(self, login: str) -> int:
        return self._id("users", "login", login)

    def role(self, name: str) -> int:
        return self._id("roles", "name", name)

    def tracker(self, name: str) -> int:
        return self._id("trackers", "name", name)

    def status(self, name: str) -> int:
        return self._id("issue_statuses", "name", name)

    def priority(self, name: str) -> int:
        return self._id("enumerations/issue_priorities", "name", name)

    def custom_field(self, name: str) -> int:
        return self._id("custom_fields", "name", name)

    def change_user(self, login: str, **fields: Any) -> None:
        """`fields` in the words of the API, as `language="de"`; `pref` has the settings of the account."""
        pref = fields.pop("pref", {})
        self.call("PUT", f"users/{self.user(login)}", {"user": fields, "pref": pref})

    def give_role(self, project: str, login: str, role: str) -> None:
        """Instead of the manager that each member is."""
        members = self.call("GET", f"projects/{project}/memberships")["memberships"]
        membership = next(entry["id"] for entry in members if entry["user"]["id"] == self.user(login))
        self.call("PUT", f"memberships/{membership}", {"membership": {"role_ids": [self.role(role)]}})

    def create_version(self, project: str, name: str) -> int:
        return self.call("POST", f"projects/{project}/versions", {"version": {"name": name}})["version"]["id"]

    def create_category(self, project: str, name: str) -> None:
        self.call("POST", f"projects/{project}/issue_categories", {"issue_category": {"name": name}})

    # ---------------------------------------------------------------- what people do

    def create_issue(self, project: str, subject: str, **more: Any) -> str:
        """The id of a new issue. `more` is in the words of Redmine's API, as `status_id=2`."""
        issue = {"project_id": project, "subject": subject, **more}
        return str(self.call("POST", "issues", {"issue": issue}, key=PERSON_KEY)["issue"]["id"])

    def edit(self, id: str, **fields: Any) -> None:
        """Set fields in the words of Redmine's API. Redmine passes over what it does not like, and says 204."""
        self.call("PUT", f"issues/{id}", {"issue": fields}, key=PERSON_KEY)

    def edit_custom_field(self, id: str, name: str, value: Any) -> None:
        self.edit(id, custom_fields=[{"id": self.custom_field(name), "value": value}])

    def move(self, id: str, parent: str | None) -> None:
        self.edit(id, parent_issue_id=parent or "")

    def move_to_project(self, id: str, project: str) -> None:
        self.edit(id, project_id=project)

    def copy(self, id: str) -> str:
        """A copy as Redmine's own form makes it: with all custom fields. The copy's id."""
        issue = self.issue(id)
        custom_fields = [{"id": entry["id"], "value": entry["value"]} for entry in issue["custom_fields"]]
        return self.create_issue(issue["project"]["id"], issue["subject"], custom_fields=custom_fields)

    def comment(self, id: str, text: str) -> None:
        self.edit(id, notes=text)

    def delete(self, id: str) -> None:
        """For good, with all that stands below it."""
        self.call("DELETE", f"issues/{id}", key=PERSON_KEY)

    def issue(self, id: str, *include: str) -> Mapping[str, Any]:
        """The issue as Redmine shows it to people; `include` as in its API: `journals`, `children`."""
        return self.call("GET", f"issues/{id}", key=PERSON_KEY, include=",".join(include))["issue"]

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """What its database says: to look at hundreds of issues by the API takes longer than to work with them."""
        with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return database.execute(sql, values).fetchall()

    def call(self, method: str, path: str, body: Any = None, *, key: str = ADMINISTRATOR_KEY, **params: Any) -> Any:
        """One call of its API; None where nothing came back. Raises `RedmineRefusal`."""
        response = self._http.request(
            method,
            f"{self.url}/{path}.json",
            params=params,
            json=body,
            headers={"X-Redmine-API-Key": key},
            timeout=TIMEOUT_SECONDS,
        )
        if not response.ok:
            raise RedmineRefusal(response)
        return response.json() if response.content.strip() else None

    def _id(self, kind: str, by: str, name: str) -> int:
        """Kept, because nothing of this kind comes or goes while Redmine runs."""
        if (kind, name) not in self._ids:
            found = self.call("GET", kind)[kind.rpartition("/")[2]]
            self._ids |= {(kind, entry[by]): entry["id"] for entry in found}
        return self._ids[kind, name]

    # ---------------------------------------------------------------- its folder

    @property
    def _database(self) -> Path:
        return self.directory / "redmine.db"

    @property
    def _app(self) -> Path:
        return self.directory / "app"

    def _initialise(self) -> None:
        """The database under its own name is always a whole one."""
        database, unfinished = self._database, self.directory / "unfinished.db"
        if database.exists():
            return
        shutil.rmtree(self._app, ignore_errors=True)
        unfinished.unlink(missing_ok=True)
        self._copy_program()
        self._use(unfinished)
        self._run(["ruby", "bin/rails", "runner", str(HERE / "seed.rb")])
        self._use(database)
        unfinished.rename(database)

    def _copy_program(self) -> None:
        """A copy of its own, because Debian's looks for its configuration in /etc and its instances in /var."""
        shutil.copytree(PROGRAM, self._app, symlinks=True, ignore=shutil.ignore_patterns("instances", "Gemfile.lock"))
        for name in ("config", "files", "log", "tmp", "public/plugin_assets"):
            (self._app / "instances" / "default" / name).mkdir(parents=True)
        (self._app / "instances" / "default" / "config" / "secret_key.txt").write_text("0" * 64)
        (self._app / "Gemfile.local").write_text("gem 'puma'\n")

    def _use(self, database: Path) -> None:
        """Bundler looks for the kind of database in one place, and the instance for its name in another."""
        configuration = f"production:\n  adapter: sqlite3\n  database: {database}\n  timeout: 10000\n"
        for folder in (self._app, self._app / "instances" / "default"):
            file = folder / "config" / "database.yml"
            file.unlink(missing_ok=True)
            file.write_text(configuration)

    def _run(self, command: Sequence[str]) -> None:
        environment = os.environ | self._environment
        done = subprocess.run(command, cwd=self._app, env=environment, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "RAILS_ENV": "production",
            "REDMINE_INSTANCE": "default",
            "REDMINE_LANG": "en",
            "LANG": "C.UTF-8",
            "HOME": str(self.directory),  # where Bundler keeps what it remembers
            "REDMINE_ADMINISTRATOR_KEY": ADMINISTRATOR_KEY,
            "REDMINE_MEMBER_KEY": MEMBER_KEY,
            "REDMINE_PERSON_KEY": PERSON_KEY,
        }
