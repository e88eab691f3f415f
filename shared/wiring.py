"""The only module that knows everything: settings -> connectors -> services.

    AzureWebJobsStorage[__…]     the storage account, as the Functions host reads it
    KEY_VAULT_URI                the vault with tokens and signing secrets
    AZURE_CLIENT_ID              the user-assigned identity; without it, the system-assigned one
    WEBSITE_HOSTNAME             this app's own name, set by Azure; PUBLIC_URL overrides it (a custom domain)
    REQUEST_TIMEOUT_SECONDS      longest wait for one answer of Azure DevOps (30)
    LATE_LANDING_SECONDS         how much later an unanswered write may still take effect (30)
    STOPPED_RETRY_SECONDS        how long a message waits while its connection is stopped (60)
    EVENTS_SECRET                name of the secret that our own webhooks bring (boardbridge-events); made when missing
    ALLOWED_HOSTS                hosts that the app may call besides the vendors' own: names with commas between them,
                                 `*` stands for any part

Nothing is called at import: clients are built on the first invocation and kept for the life of the worker.
"""

import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from secrets import token_hex

from azure.core.credentials import TokenCredential
from azure.identity import ManagedIdentityCredential

from shared.configuration import (
    PPM_KINDS_WITH_WEBHOOKS,
    SITES,
    AzureDevOpsConnection,
    Configuration,
    ItsmConnection,
    Pair,
    PpmConnection,
)
from shared.connectors.azure_devops.auth import Authenticator, ManagedIdentity, PersonalAccessToken
from shared.connectors.azure_devops.boards import AzureDevOpsBoards
from shared.connectors.azure_devops.events import event as boards_event
from shared.connectors.azure_devops.probe import AzureDevOpsProbe, Place
from shared.connectors.azure_devops.side import AzureDevOpsSide, Organisation
from shared.connectors.azure_devops.subscriptions import AzureDevOpsSubscriptions
from shared.connectors.azure_storage.clients import Account, connect
from shared.connectors.azure_storage.configuration import TableConfigurationStore
from shared.connectors.azure_storage.cursors import TableCursors
from shared.connectors.azure_storage.health import TableHealthBoard
from shared.connectors.azure_storage.links import TableSyncStore
from shared.connectors.azure_storage.plans import TablePlans
from shared.connectors.azure_storage.quarantine import TableQuarantine
from shared.connectors.azure_storage.queues import QueueHints, QueueLooks
from shared.connectors.azure_storage.queues import decode as decode_message
from shared.connectors.azure_storage.tickets import TableTicketStore
from shared.connectors.freshservice.api import FreshserviceItsm
from shared.connectors.gate import Checkable, Gate
from shared.connectors.jira.api import JiraItsm
from shared.connectors.key_vault import KeyVaultSecrets
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.probe import PpmExpressProbe
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.connectors.ppm_express.webhooks import PpmExpressSubscriptions
from shared.connectors.ppm_express.webhooks import event as ppm_event
from shared.connectors.probing import ItsmProbe
from shared.connectors.redmine.probe import RedmineProbe
from shared.connectors.redmine.side import RedmineSide
from shared.connectors.request_tracker.api import RequestTrackerItsm
from shared.connectors.servicenow.api import ServiceNowItsm
from shared.connectors.sharing import LONGEST_WAIT_SHARE
from shared.connectors.zendesk.api import ZendeskItsm
from shared.model import SideName
from shared.operation.connections import Connections
from shared.operation.service import OperationService
from shared.places import PlaceMemory
from shared.ports import Boards, HealthBoard, Itsm, ItsmDoor, Probe, Secrets, Side, SideDoor, Subscriptions
from shared.sync import configured, mapping_edits
from shared.sync.admission import Admission
from shared.sync.configured import ConfiguredPairs
from shared.sync.creation import Counterparts
from shared.sync.desk import Desk
from shared.sync.events import Events
from shared.sync.hand import Timing as SyncTiming
from shared.sync.mapping_edits import Edit
from shared.sync.mappings import FieldMappings
from shared.sync.placing import Wanted
from shared.sync.plans import DIRECTIONS, SCOPES, PairPlans
from shared.sync.rows import Filters
from shared.sync.service import SyncService
from shared.sync.subscriptions import SubscriptionUpkeep
from shared.sync.upkeep import Upkeep
from shared.sync.views import PairViews
from shared.tickets import planning, preset
from shared.tickets.run import Timing
from shared.tickets.service import TicketService

__all__ = [
    "DIRECTIONS",
    "SCOPES",
    "Edit",
    "Filters",
    "Services",
    "Wanted",
    "boards_event",
    "build",
    "decode_message",
    "mapping_edits",
    "ppm_event",
    "services",
]

LOOPBACK = ("127.0.0.1", "localhost")


PRODUCTS = {
    "freshservice": FreshserviceItsm,
    "jira": JiraItsm,
    "jira_service_management": JiraItsm,
    "request_tracker": RequestTrackerItsm,
    "servicenow": ServiceNowItsm,
    "zendesk": ZendeskItsm,
}


@dataclass(frozen=True, slots=True)
class Pairs:
    """All that is asked of pairs and done to them."""

    views: PairViews
    counterparts: Counterparts
    plans: PairPlans
    fields: FieldMappings
    upkeep: Upkeep
    events: Events
    subscriptions: SubscriptionUpkeep


@dataclass(frozen=True, slots=True)
class Services:
    tickets: TicketService
    operation: OperationService
    connections: Connections
    pairs: Pairs


@cache
def services() -> Services:
    """The services of this worker, built once from its environment."""
    return build(os.environ)


def build(settings: Mapping[str, str]) -> Services:
    identity = ManagedIdentityCredential(client_id=settings.get("AZURE_CLIENT_ID"))
    account = connect(settings, identity)
    secrets = KeyVaultSecrets(settings["KEY_VAULT_URI"], identity, _now)
    health = TableHealthBoard(account.tables)
    quarantine = TableQuarantine(account.tables)
    cursors = TableCursors(account.tables)
    places = PlaceMemory(cursors)
    organisations = _Organisations(identity, secrets, health, settings)
    sides = _Sides(organisations, secrets, health, settings)
    operation = OperationService(
        store=TableConfigurationStore(account.tables),
        quarantine=quarantine,
        boards=organisations.look_afresh,
        itsm_kinds=preset.kinds(),
        kinds_with_api=PRODUCTS.keys(),
        extend=lambda kind, fields: preset.preset(kind).extended(fields),
        places=places,
        hosts=_hosts(settings),
        law=configured.law,
        pairs=lambda configuration: configured.live_faults(configuration, sides.look_afresh),
        categories=planning.CATEGORIES,
    )
    products = _Products(operation, secrets, health, settings)
    probes = _Probes(organisations, products, secrets, settings)
    connections = Connections(operation, secrets, health, probes.probe, _now)
    tickets = TicketService(
        store=TableTicketStore(account.tables),
        hints=QueueHints(account.queues),
        quarantine=quarantine,
        cursors=cursors,
        secrets=secrets,
        boards=_Door(operation, organisations),
        products=products.door,
        configuration=operation.configuration,
        clock=_now,
        new_id=_new_id,
        timing=Timing(
            request_timeout_seconds=_seconds(settings, "REQUEST_TIMEOUT_SECONDS", 30),
            late_landing_seconds=_seconds(settings, "LATE_LANDING_SECONDS", 30),
        ),
        places=places,
        public_url=_public_url(settings),
    )
    return Services(tickets, operation, connections, _pairs(account, operation, sides, secrets, cursors, settings))


def _pairs(
    account: Account,
    operation: OperationService,
    sides: "_Sides",
    secrets: Secrets,
    cursors: TableCursors,
    settings: Mapping[str, str],
) -> Pairs:
    store, looks = TableSyncStore(account.tables), QueueLooks(account.queues)

    def doors(name: str) -> Mapping[SideName, SideDoor]:
        return sides.doors(operation.configuration()[0], pairs.pair(name))

    pairs = ConfiguredPairs(operation.configuration, doors)
    sync = SyncService(
        store=store,
        looks=looks,
        cursors=cursors,
        rules=pairs.rules,
        doors=doors,
        clock=_now,
        new_id=_new_id,
        timing=SyncTiming(
            # From when a write is asked for: first it waits for others to share its call.
            request_timeout_seconds=(1 + LONGEST_WAIT_SHARE) * _seconds(settings, "REQUEST_TIMEOUT_SECONDS", 30),
            late_landing_seconds=_seconds(settings, "LATE_LANDING_SECONDS", 30),
        ),
        address=_public_url(settings),
    )
    desk = Desk(store, pairs, doors, _now, _new_id, _public_url(settings))
    plans = PairPlans(sync, looks, TablePlans(account.tables), desk)
    admission = Admission(secrets, settings.get("EVENTS_SECRET") or "boardbridge-events", lambda: token_hex(32))
    subscriptions = SubscriptionUpkeep(
        configuration=operation.configuration,
        doors=sides.subscriptions,
        admission=admission,
        looks=looks,
        cursors=cursors,
        address=_public_url(settings),
    )
    return Pairs(
        views=PairViews(desk, subscriptions),
        counterparts=Counterparts(sync, desk),
        plans=plans,
        fields=FieldMappings(desk, looks, operation),
        upkeep=Upkeep(sync, plans, looks, cursors, desk),
        events=Events(operation.configuration, looks, admission, subscriptions),
        subscriptions=subscriptions,
    )


class _Organisations:
    """The connector of each Azure DevOps connection and the gate before it, made once per way of connecting."""

    def __init__(
        self, identity: TokenCredential, secrets: Secrets, health: HealthBoard, settings: Mapping[str, str]
    ) -> None:
        self._identity = identity
        self._secrets = secrets
        self._health = health
        self._timeout_seconds = _seconds(settings, "REQUEST_TIMEOUT_SECONDS", 30)
        self._stopped_retry_seconds = _seconds(settings, "STOPPED_RETRY_SECONDS", 60)
        self._gates: dict[tuple[str, AzureDevOpsConnection], Gate] = {}

    def look_afresh(self, name: str, connection: AzureDevOpsConnection) -> Boards:
        """A connector that remembers nothing, for an operator who has just changed something over there."""
        return self._boards(name, connection, on_throttle=lambda seconds: None)

    def gate(self, name: str, connection: AzureDevOpsConnection) -> Gate:
        if (name, connection) not in self._gates:
            boards = self._boards(name, connection, on_throttle=lambda seconds: gate.pause(seconds))
            gate = Gate(name, connection.secret, boards, self._health, self._secrets, _now, self._stopped_retry_seconds)
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
            clock=_now,
            timeout_seconds=self._timeout_seconds,
            on_throttle=on_throttle,
        )

    def authenticator(self, name: str, connection: AzureDevOpsConnection) -> Authenticator:
        if connection.secret is not None and connection.authentication == "pat":
            return PersonalAccessToken(self._secrets, connection.secret, name)
        return ManagedIdentity(self._identity, name)


class _Products:
    """The API of each ITSM product that gave us an account, behind a gate, made once per way of connecting."""

    def __init__(
        self, operation: OperationService, secrets: Secrets, health: HealthBoard, settings: Mapping[str, str]
    ) -> None:
        self._operation = operation
        self._secrets = secrets
        self._health = health
        self._timeout_seconds = _seconds(settings, "REQUEST_TIMEOUT_SECONDS", 30)
        self._stopped_retry_seconds = _seconds(settings, "STOPPED_RETRY_SECONDS", 60)
        self._gates: dict[str, Gate[Itsm]] = {}

    def door(self, name: str) -> ItsmDoor:
        connection = self._operation.configuration()[0].itsm[name]
        known = f"{name} {connection.model_dump_json(include={'kind', 'url', 'access'})}"
        if known not in self._gates:
            self._gates[known] = self._gate(name, connection)
        return self._gates[known]

    def _gate(self, name: str, connection: ItsmConnection) -> Gate[Itsm]:
        assert connection.access is not None, "the configuration was checked"
        product, secret = self.look_afresh(name, connection), connection.access.secret
        return Gate(name, secret, product, self._health, self._secrets, _now, self._stopped_retry_seconds)

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
            clock=_now,
            timeout_seconds=self._timeout_seconds,
        )


class _Probes:
    """What asks the product of any connection whether it has all that we need; made anew for each check."""

    def __init__(
        self, organisations: _Organisations, products: _Products, secrets: Secrets, settings: Mapping[str, str]
    ) -> None:
        self._organisations = organisations
        self._products = products
        self._secrets = secrets
        self._timeout_seconds = _seconds(settings, "REQUEST_TIMEOUT_SECONDS", 30)

    def probe(self, name: str, configuration: Configuration) -> Probe | None:
        connection = configuration.connections[name]
        options = {"connection": name, "clock": _now, "timeout_seconds": self._timeout_seconds}
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
            return ItsmProbe(connection.url, product.require_credential, product, _now)
        projects = [pair.ppm.project for pair in configuration.pairs if pair.ppm.connection == name]
        if connection.kind == "redmine":
            return RedmineProbe(connection.url, projects, self._secrets, connection.secret, **options)
        return PpmExpressProbe(
            PpmExpressApi(connection.url, self._secrets, connection.secret, **options), projects, _now
        )


class _Sides:
    """Both sides of each pair and the gates before them, made once per way of connecting.

    All pairs of one connection share what can be shared: calls made together, and what is remembered.
    """

    def __init__(
        self, organisations: _Organisations, secrets: Secrets, health: HealthBoard, settings: Mapping[str, str]
    ) -> None:
        self._organisations = organisations
        self._secrets = secrets
        self._health = health
        self._timeout_seconds = _seconds(settings, "REQUEST_TIMEOUT_SECONDS", 30)
        self._stopped_retry_seconds = _seconds(settings, "STOPPED_RETRY_SECONDS", 60)
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
        return Gate(name, secret, beyond, self._health, self._secrets, _now, self._stopped_retry_seconds)

    def _organisation(
        self, name: str, connection: AzureDevOpsConnection, on_throttle: Callable[[float], None] = lambda seconds: None
    ) -> Organisation:
        return Organisation(
            connection.url,
            self._organisations.authenticator(name, connection),
            connection=name,
            clock=_now,
            timeout_seconds=self._timeout_seconds,
            on_throttle=on_throttle,
        )

    def _tool(self, name: str, connection: PpmConnection, project: str) -> Side:
        if connection.kind == "redmine":
            options = {"connection": name, "clock": _now, "timeout_seconds": self._timeout_seconds}
            return RedmineSide(connection.url, project, self._secrets, connection.secret, **options)
        return PpmExpressSide(self._ppm_express(name, connection), project)

    def _ppm_express(self, name: str, connection: PpmConnection) -> PpmExpressApi:
        return PpmExpressApi(
            connection.url,
            self._secrets,
            connection.secret,
            connection=name,
            clock=_now,
            timeout_seconds=self._timeout_seconds,
        )


class _Door:
    """The `ports.BoardsDoor` of whichever organisation is configured now."""

    def __init__(self, operation: OperationService, organisations: _Organisations) -> None:
        self._operation = operation
        self._organisations = organisations

    def open(self) -> AbstractContextManager[Boards]:
        return self._gate().open()

    def why_shut(self) -> str:
        return self._gate().why_shut()

    def _gate(self) -> Gate:
        configuration, _ = self._operation.configuration()
        return self._organisations.gate(*configuration.boards)


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid.uuid4().hex


def _hosts(settings: Mapping[str, str]) -> tuple[str, ...]:
    """What may be called; on this machine only if the app itself runs on it, which is never in Azure."""
    added = (host.strip() for host in settings.get("ALLOWED_HOSTS", "").split(","))
    return (*SITES, *filter(None, added), *(LOOPBACK if "WEBSITE_HOSTNAME" in settings and _is_local(settings) else ()))


def _is_local(settings: Mapping[str, str]) -> bool:
    return settings.get("WEBSITE_HOSTNAME", "localhost").partition(":")[0] in LOOPBACK


def _seconds(settings: Mapping[str, str], name: str, default: float) -> float:
    return float(settings.get(name) or default)


def _public_url(settings: Mapping[str, str]) -> str:
    if url := settings.get("PUBLIC_URL"):
        return url.rstrip("/")
    host = settings.get("WEBSITE_HOSTNAME", "localhost")
    return f"{'http' if _is_local(settings) else 'https'}://{host}"
