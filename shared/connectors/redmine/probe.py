"""The `Probe` port over a Redmine: the key, each project of a pair, and what our user may do there by its roles."""

from collections.abc import Sequence
from typing import Any

from requests.adapters import BaseAdapter

from shared.connectors.probing import EXPIRY, Need, Untold, in_each, probed
from shared.connectors.redmine.catalogue import read_catalogue
from shared.connectors.redmine.side import MARKER_FIELD, key_as_user
from shared.connectors.rest import Rest, path
from shared.errors import NotLetIn, Park
from shared.model import Requirement
from shared.ports import Clock, Secrets

WRITING = ("add_issues", "edit_issues", "manage_subtasks")
REST_IS_OFF = "Redmine: answered 403"  # Redmine 5, ApplicationController#require_login; it has no words for it


class RedmineProbe:
    """`projects` are the identifiers of those that pairs name; the rest is as `RedmineSide` has it."""

    def __init__(
        self,
        url: str,
        projects: Sequence[str],
        secrets: Secrets,
        secret: str,
        *,
        connection: str,
        clock: Clock,
        timeout_seconds: float = 30,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self._rest = Rest(
            "Redmine",
            url,
            secrets,
            secret,
            key_as_user,
            connection=connection,
            clock=clock,
            timeout_seconds=timeout_seconds,
            adapter=adapter,
        )
        self._projects = projects
        self._connection = connection

    def close(self) -> None:
        self._rest.close()

    def probe(self) -> tuple[Requirement, ...]:
        return probed(self._rest.url, self._rest.require_credential, self._greet, self._needs())

    def _needs(self) -> Sequence[Need]:
        member = "Make the user a member of the project, with a role that may view issues."
        roles = f"Give the user a role in the project with {', '.join(WRITING)}."
        field = (
            f"Add a custom field '{MARKER_FIELD}' for issues: of the format Link, used as a filter, for all trackers."
        )
        return (
            Need(EXPIRY, lambda: "an API key does not expire", ""),
            Need("projects", lambda: in_each(self._projects, self._project), member),
            Need("issues read", lambda: in_each(self._projects, self._issues), member),
            Need("issues write", lambda: in_each(self._projects, self._may_write), roles),
            Need("marker field", lambda: in_each(self._projects, self._marker), field),
            Need("administrator", self._administrator, "Make it one if custom fields that are lists shall be lists."),
        )

    def _greet(self) -> str:
        try:
            return f"accepted as {self._user()['login']}"
        except Park as refused:
            if refused.reason != REST_IS_OFF:
                raise
            remedy = "Enable the REST web service under Administration > Settings > API."
            raise NotLetIn("the REST API of this Redmine is off", remedy, self._connection) from refused

    def _user(self, **include: str) -> Any:
        return self._rest.get("users/current.json", **include)["user"]

    def _project(self, project: str) -> None:
        self._rest.get(f"{path('projects', project)}.json")

    def _issues(self, project: str) -> None:
        self._rest.get("issues.json", project_id=project, limit=1)

    def _may_write(self, project: str) -> None:
        """By the roles, because Redmine tries nothing without doing it. Administrators need none."""
        user = self._user(include="memberships")
        if user["admin"]:
            return
        id = self._rest.get(f"{path('projects', project)}.json")["project"]["id"]
        roles = [role["id"] for each in user["memberships"] if each["project"]["id"] == id for role in each["roles"]]
        granted = {
            right for role in roles for right in self._rest.get(f"{path('roles', role)}.json")["role"]["permissions"]
        }
        if lacking := [right for right in WRITING if right not in granted]:
            raise Park(f"the user's roles lack {', '.join(lacking)}")

    def _marker(self, project: str) -> None:
        read_catalogue(self._rest, project, MARKER_FIELD, self._connection)

    def _administrator(self) -> str:
        if self._user()["admin"]:
            return "the user is an administrator, so custom fields are known with their kinds"
        raise Untold("the user is no administrator, which is enough: custom fields are taken for texts")
