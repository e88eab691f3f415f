"""The `Probe` port over an organisation of Azure DevOps: each scope of a token, and each right on a project, by itself.

Nothing is written: a work item is made with `validateOnly`, which needs the same scope and checks the same rules as
making one. Whether it also checks the rights on the area is nowhere documented, so that is not promised.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from requests.adapters import BaseAdapter

from shared.connectors.azure_devops.api import Api, path
from shared.connectors.azure_devops.auth import Authenticator
from shared.connectors.probing import EXPIRY, Need, Untold, in_each, probed
from shared.errors import Park, StopConnection
from shared.model import Requirement
from shared.ports import Clock

GRAPH_VERSION, CONNECTION_VERSION = "7.1-preview.1", "7.1-preview"  # neither was ever released
OF_RULES = re.compile(r"TF401320\b|The field '")  # refusals of a work item that only those are told who may write


@dataclass(frozen=True, slots=True)
class Place:
    """Where a work item would be made: a type of a project, in an area or, without one, at its root."""

    project: str
    type: str
    area: str | None = None


def identity_url(url: str) -> str:
    """Where people and groups of the organisation at `url` are asked for: Microsoft keeps them on a host of their own.

    https://learn.microsoft.com/rest/api/azure/devops/graph: `vssps.dev.azure.com/{organisation}`, and by the old names
    `{organisation}.vssps.visualstudio.com`. At any other host, everything is taken to be behind one address.
    """
    parts = urlsplit(url)
    organisation, _, domain = parts.netloc.partition(".")
    if parts.netloc == "dev.azure.com":
        return parts._replace(netloc="vssps.dev.azure.com").geturl()
    if domain == "visualstudio.com":
        return parts._replace(netloc=f"{organisation}.vssps.visualstudio.com", path="").geturl()
    return url


class AzureDevOpsProbe:
    """`projects` are those that the configuration names; work items are made at `place`.

    `personal`: the credential is a personal access token, which has scopes and must be renewed by a person. A managed
    identity has neither to care for.
    """

    def __init__(
        self,
        url: str,
        authenticator: Authenticator,
        projects: Sequence[str],
        place: Place,
        *,
        personal: bool,
        connection: str,
        clock: Clock,
        timeout_seconds: float = 30,
        adapter: BaseAdapter | None = None,
    ) -> None:
        def api(url: str) -> Api:
            return Api(
                url,
                authenticator,
                connection=connection,
                clock=clock,
                timeout_seconds=timeout_seconds,
                on_throttle=lambda seconds: None,
                adapter=adapter,
            )

        self._api = api(url)
        self._identities = api(identity_url(url))
        self._projects = projects
        self._place = place
        self._personal = personal

    def close(self) -> None:
        self._api.close()
        self._identities.close()

    def probe(self) -> tuple[Requirement, ...]:
        return probed(self._api.url, self._api.require_credential, self._greet, self._needs())

    def _needs(self) -> Sequence[Need]:
        def scope(name: str, right: str) -> str:
            return f"Give the token the scope {name}. {right}." if self._personal else f"{right}."

        everywhere = "In every project that the configuration names, the account has to be a reader at least"
        edit = f"In {self._place.area or self._place.project}, the account needs 'Edit work items in this node'"
        members = "The account has to be a member of the organisation, and no guest who may not look others up"
        renewed = "See 'User settings > Personal access tokens' of its owner for the day, and renew it before."
        told = "Without it, changes are found by the hourly sweep alone"
        return (
            Need(EXPIRY, self._expiry, renewed),
            Need("Graph read", self._graph, scope("Graph (Read), vso.graph", members)),
            Need("Identity read", self._identity, scope("Identity (Read), vso.identity", members)),
            Need(
                "Project and Team read",
                self._project_and_teams,
                scope("Project and Team (Read), vso.project", everywhere),
            ),
            Need("Work Items read", self._read_work_items, scope("Work Items (Read), vso.work", everywhere)),
            Need("Work Items write", self._write_work_items, scope("Work Items (Read & write), vso.work_write", edit)),
            Need("service hooks", self._hooks, scope("Work Items (Read), vso.work", told)),
        )

    def _greet(self) -> str:
        user = self._api.get("_apis/connectionData", version=CONNECTION_VERSION)["authenticatedUser"]
        return f"accepted as {user.get('providerDisplayName') or user['id']}"

    def _expiry(self) -> str:
        """Only with a token of Microsoft Entra does Azure DevOps list the personal access tokens of a user.

        https://learn.microsoft.com/rest/api/azure/devops/tokens
        """
        if not self._personal:
            return "the managed identity has its tokens renewed by itself"
        raise Untold("Azure DevOps tells nobody who comes with a personal access token when it expires")

    def _graph(self) -> str:
        self._identities.get("_apis/graph/users", version=GRAPH_VERSION)
        return "people can be listed"

    def _identity(self) -> str:
        self._identities.get("_apis/identities", {"searchFilter": "General", "filterValue": "a"})
        return "people can be looked up"

    def _project_and_teams(self) -> str:
        def ask(project: str) -> None:
            self._api.get(f"_apis/projects/{path(project)}")
            self._api.get(f"_apis/projects/{path(project)}/teams", {"$top": 1})

        return in_each(self._projects, ask)

    def _read_work_items(self) -> str:
        any_of = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"}
        return in_each(
            self._projects, lambda project: self._api.query(f"{path(project)}/_apis/wit/wiql", any_of, {"$top": 1})
        )

    def _write_work_items(self) -> str:
        place = self._place
        values = {"System.Title": "Boardbridge asks whether it may", "System.AreaPath": place.area or place.project}
        patch = [{"op": "add", "path": f"/fields/{name}", "value": value} for name, value in values.items()]
        address = f"{path(place.project)}/_apis/wit/workitems/${path(place.type)}"
        try:
            self._api.patch("POST", address, patch, {"validateOnly": "true"})
        except Park as refused:
            if not OF_RULES.match(refused.reason):
                raise
            return f"a {place.type} was validated in {place.project}, though a real one needs more: {refused.reason}"
        return f"a {place.type} was validated in {place.project}, and not made"

    def _hooks(self) -> str:
        try:
            known = self._api.get("_apis/hooks/subscriptions")["value"]
        except (StopConnection, Park) as refused:
            raise Untold(f"subscriptions cannot be listed: {refused.reason}") from refused
        return f"there are {len(known)} subscriptions that we may see"
