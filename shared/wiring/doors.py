"""The ways to the outside: which connector stands behind each connection, and the gate before it.

What is made once per way of connecting is made anew when the connection is changed. No service is known here.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from azure.core.credentials import TokenCredential

from shared.configuration import (
    PPM_KINDS_WITH_WEBHOOKS,
    AzureDevOpsConnection,
    Configuration,
    ItsmConnection,
    Pair,
    PpmConnection,
)
from shared.connectors.azure_devops.auth import Authenticator, ManagedIdentity, PersonalAccessToken
from shared.connectors.azure_devops.boards import AzureDevOpsBoards
from shared.connectors.azure_devops.probe import AzureDevOpsProbe, Place
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.connectors.azure_devops.subscriptions import AzureDevOpsSubscriptions
from shared.connectors.freshservice.api import FreshserviceItsm
from shared.connectors.gate import Checkable, Gate
from shared.connectors.jira.api import JiraItsm
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.probe import PpmExpressProbe
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.connectors.ppm_express.webhooks import PpmExpressSubscriptions
from shared.connectors.probing import ItsmProbe
from shared.connectors.redmine.probe import RedmineProbe
from shared.connectors.redmine.side import RedmineSide
from shared.connectors.request_tracker.api import RequestTrackerItsm
from shared.connectors.servicenow.api import ServiceNowItsm
from shared.connectors.zendesk.api import ZendeskItsm
from shared.model import SideName
from shared.ports import Boards, HealthBoard, Itsm, ItsmDoor, Probe, Secrets, Side, SideDoor, Subscriptions
from shared.wiring.environment import now, seconds_of

PRODUCTS = {
    "freshservice": FreshserviceItsm,
    "jira": JiraItsm,
    "jira_service_management": JiraItsm,
    "request_tracker": RequestTrackerItsm,
    "servicenow": ServiceNowItsm,
    "zendesk": ZendeskItsm,
}


class Organisations:
    """The connector of each Azure DevOps connection and the gate before it, made once per way of connecting."""

    def __init__(
        self, identity: TokenCredential, secrets: Secrets, health: HealthBoard, settings: Mapping[str, str]
    ) -> None:
        self._identity = identity
        self._secrets = secrets
        self._health = health
        self._timeout_seconds = seconds_of(settings, "REQUEST_TIMEOUT_SECONDS", 30)
        self._stopped_retry_seconds = seconds_of(settings, "STOPPED_RETRY_SECONDS", 60)
        self._gates: dict[tuple[str, AzureDevOpsConnection], Gate] = {}

    def look_afresh(self, name: str, connection: AzureDevOpsConnection) -> Boards:
        """A connector that remembers nothing, for an operator who has just changed something over there."""
        return self._boards(name, connection, on_throttle=lambda seconds: None)

    def gate(self, name: str, connection: AzureDevOpsConnection) -> Gate:
        if (name, connection) not in self._gates:
            boards = self._boards(name, connection, on_throttle=lambda seconds: gate.pause(seconds))
            gate = Gate(name, connection.secret, boards, self._health, self._secrets, now, self._stopped_retry_seconds)
            # Two threads may both come here first: the later one's gate is kept, and the other serves its caller.
            self._gates[name, connection] = gate
        return self._gates[name, connection]

    def _boards(
        self, name: str, connection: AzureDevOpsConnection, on_throttle: Callable[[float], None]
    ) -> AzureDevOpsBoards:
        return AzureDevOpsBoards(
            connection.url,
            self.authenticator(name, connection),
            connection=name,
            clock=now,
            timeout_seconds=self._timeout_seconds,
            on_throttle=on_throttle,
        )

    def authenticator(self, name: str, connection: AzureDevOpsConnection) -> Authenticator:
        if connection.secret is not None and connection.authentication == "pat":
            return PersonalAccessToken(self._secrets, connection.secret, name)
        return ManagedIdentity(self._identity, name)


class OrganisationDoor:
    """The `ports.BoardsDoor` of whichever organisation is configured now."""

    def __init__(self, configuration: Callable[[], tuple[Configuration, str]], organisations: Organisations) -> None:
        self._configuration = configuration
        self._organisations = organisations

    def open(self) -> AbstractContextManager[Boards]:
        return self._gate().open()

    def why_shut(self) -> str:
        return self._gate().why_shut()

    def _gate(self) -> Gate:
        configuration, _ = self._configuration()
        return self._organisations.gate(*configuration.boards)


class Products:
    """The API of each ITSM product that gave us an account, behind a gate, made once per way of connecting."""

    def __init__(
        self,
        configuration: Callable[[], tuple[Configuration, str]],
        secrets: Secrets,
        health: HealthBoard,
        settings: Mapping[str, str],
    ) -> None:
        self._configuration = configuration
        self._secrets = secrets
        self._health = health
        self._timeout_seconds = seconds_of(settings, "REQUEST_TIMEOUT_SECONDS", 30)
        self._stopped_retry_seconds = seconds_of(settings, "STOPPED_RETRY_SECONDS", 60)
        self._gates: dict[str, Gate[Itsm]] = {}

    def door(self, name: str) -> ItsmDoor:
        connection = self._configuration()[0].itsm[name]
        known = f"{name} {connection.model_dump_json(include={'kind', 'url', 'access'})}"
        if known not in self._gates:
            self._gates[known] = self._gate(name, connection)
        return self._gates[known]

    def _gate(self, name: str, connection: ItsmConnection) -> Gate[Itsm]:
        assert connection.access is not None, "the configuration was checked"
        product, secret = self.look_afresh(name, connection), connection.access.secret
        return Gate(name, secret, product, self._health, self._secrets, now, self._stopped_retry_seconds)

    def look_afresh(self, name: str, connection: ItsmConnection) -> Itsm:
        """Without a gate: for an operator who wants to know what the product says now."""
        access = connection.access
        assert access is not None and connection.url is not None, "the configuration was checked"
        return PRODUCTS[connection.kind](
            connection.url,
            self._secrets,
            access.secret,
            access.user,
            connection=name,
            clock=now,
            timeout_seconds=self._timeout_seconds,
        )


class Probes:
    """What asks the product of any connection whether it has all that we need; made anew for each check."""

    def __init__(
        self, organisations: Organisations, products: Products, secrets: Secrets, settings: Mapping[str, str]
    ) -> None:
        self._organisations = organisations
        self._products = products
        self._secrets = secrets
        self._timeout_seconds = seconds_of(settings, "REQUEST_TIMEOUT_SECONDS", 30)

    def probe(self, name: str, configuration: Configuration) -> Probe | None:
        connection = configuration.connections[name]
        options = {"connection": name, "clock": now, "timeout_seconds": self._timeout_seconds}
        if isinstance(connection, AzureDevOpsConnection):
            triage = configuration.triage
            return AzureDevOpsProbe(
                connection.url,
                self._organisations.authenticator(name, connection),
                configuration.projects,
                Place(triage.project, triage.type, triage.area),
                personal=connection.authentication == "pat",
                **options,
            )
        if isinstance(connection, ItsmConnection):
            if not connection.access:
                return None
            product = self._products.look_afresh(name, connection)
            return ItsmProbe(connection.url, product.require_credential, product, now)
        projects = [pair.ppm.project for pair in configuration.pairs if pair.ppm.connection == name]
        if connection.kind == "redmine":
            return RedmineProbe(connection.url, projects, self._secrets, connection.secret, **options)
        return PpmExpressProbe(
            PpmExpressApi(connection.url, self._secrets, connection.secret, **options), projects, now
        )


class Sides:
    """Both sides of each pair and the gates before them, made once per way of connecting.

    All pairs of one connection share what can be shared: calls made together, and what is remembered.
    """

    def __init__(
        self, organisations: Organisations, secrets: Secrets, health: HealthBoard, settings: Mapping[str, str]
    ) -> None:
        self._organisations = organisations
        self._secrets = secrets
        self._health = health
        self._timeout_seconds = seconds_of(settings, "REQUEST_TIMEOUT_SECONDS", 30)
        self._stopped_retry_seconds = seconds_of(settings, "STOPPED_RETRY_SECONDS", 60)
        self._shared: dict[tuple[str, AzureDevOpsConnection | PpmConnection], Organisation | PpmExpressApi] = {}
        self._gates: dict[tuple[str, AzureDevOpsConnection | PpmConnection, object], Gate[Side]] = {}

    def look_afresh(self, configuration: Configuration, pair: Pair) -> Mapping[SideName, Side]:
        """Both sides, remembering nothing: for an operator who has just changed something over there."""
        (name, boards), ppm = configuration.boards, configuration.ppm[pair.ppm.connection]
        return {
            SideName.BOARDS: AzureDevOpsSide(self._organisation(name, boards), pair.boards.projects),
            SideName.PPM: self._tool(pair.ppm.connection, ppm, pair.ppm.project),
        }

    def doors(self, configuration: Configuration, pair: Pair) -> Mapping[SideName, SideDoor]:
        name, boards = configuration.boards
        return {
            SideName.BOARDS: self._boards_gate(name, boards, pair.boards.projects),
            SideName.PPM: self._tool_gate(
                pair.ppm.connection, configuration.ppm[pair.ppm.connection], pair.ppm.project
            ),
        }

    def subscriptions(self, configuration: Configuration) -> Mapping[str, Gate[Subscriptions]]:
        """Who can tell us of changes, by connection; made afresh for each of the rare looks."""
        name, boards = configuration.boards
        there: dict[str, Subscriptions] = {name: AzureDevOpsSubscriptions(self._organisation(name, boards))}
        for tool, ppm in configuration.ppm.items():
            if ppm.kind in PPM_KINDS_WITH_WEBHOOKS:
                there[tool] = PpmExpressSubscriptions(self._ppm_express(tool, ppm))
        return {name: self._gate(name, configuration.connections[name].secret, each) for name, each in there.items()}

    def _boards_gate(self, name: str, connection: AzureDevOpsConnection, projects: tuple[str, ...]) -> Gate[Side]:
        known = (name, connection, projects)
        if known not in self._gates:
            if (name, connection) not in self._shared:
                self._shared[name, connection] = self._organisation(
                    name, connection, lambda seconds: self._gates[known].pause(seconds)
                )
            organisation = self._shared[name, connection]
            assert isinstance(organisation, Organisation), "it is an Azure DevOps connection"
            self._gates[known] = self._gate(name, connection.secret, AzureDevOpsSide(organisation, projects))
        return self._gates[known]

    def _tool_gate(self, name: str, connection: PpmConnection, project: str) -> Gate[Side]:
        known = (name, connection, project)
        if known not in self._gates:
            self._gates[known] = self._gate(name, connection.secret, self._tool(name, connection, project))
        return self._gates[known]

    def _gate[T: Checkable](self, name: str, secret: str | None, beyond: T) -> Gate[T]:
        return Gate(name, secret, beyond, self._health, self._secrets, now, self._stopped_retry_seconds)

    def _organisation(
        self, name: str, connection: AzureDevOpsConnection, on_throttle: Callable[[float], None] = lambda seconds: None
    ) -> Organisation:
        return Organisation(
            connection.url,
            self._organisations.authenticator(name, connection),
            connection=name,
            clock=now,
            timeout_seconds=self._timeout_seconds,
            on_throttle=on_throttle,
        )

    def _tool(self, name: str, connection: PpmConnection, project: str) -> Side:
        if connection.kind == "redmine":
            options = {"connection": name, "clock": now, "timeout_seconds": self._timeout_seconds}
            return RedmineSide(connection.url, project, self._secrets, connection.secret, **options)
        return PpmExpressSide(self._ppm_express(name, connection), project)

    def _ppm_express(self, name: str, connection: PpmConnection) -> PpmExpressApi:
        return PpmExpressApi(
            connection.url,
            self._secrets,
            connection.secret,
            connection=name,
            clock=now,
            timeout_seconds=self._timeout_seconds,
        )
