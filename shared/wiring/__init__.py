"""The only module that knows everything: settings -> connectors -> services.

    doors         the ways to the outside: which connector stands behind each connection
    environment   the clock, chance, and what is read out of the settings

The settings:

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
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from secrets import token_hex

from azure.identity import ManagedIdentityCredential

from shared.connectors.azure_devops.events import event as boards_event
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
from shared.connectors.key_vault import KeyVaultSecrets
from shared.connectors.ppm_express.webhooks import event as ppm_event
from shared.connectors.sharing import LONGEST_WAIT_SHARE
from shared.model import SideName
from shared.operation import api
from shared.operation.connections import Connections
from shared.operation.service import OperationService
from shared.places import PlaceMemory
from shared.ports import Secrets, SideDoor
from shared.sync.hand import Timing as SyncTiming
from shared.sync.pairs import configured, mapping_edits
from shared.sync.pairs.admission import Admission
from shared.sync.pairs.configured import ConfiguredPairs
from shared.sync.pairs.creation import Counterparts
from shared.sync.pairs.desk import Desk
from shared.sync.pairs.events import Events
from shared.sync.pairs.mapping_edits import Edit
from shared.sync.pairs.mappings import FieldMappings
from shared.sync.pairs.names import PairNames
from shared.sync.pairs.placing import Wanted
from shared.sync.pairs.plans import PairPlans
from shared.sync.pairs.rows import Filters
from shared.sync.pairs.subscriptions import SubscriptionUpkeep
from shared.sync.pairs.upkeep import Upkeep
from shared.sync.pairs.views import PairViews
from shared.sync.service import SyncService
from shared.tickets import planning, preset
from shared.tickets.run import Timing
from shared.tickets.service import TicketService
from shared.wiring.doors import PRODUCTS, OrganisationDoor, Organisations, Probes, Products, Sides
from shared.wiring.environment import allowed_hosts, events_secret, new_id, now, public_url, seconds_of

__all__ = [
    "Edit",
    "Filters",
    "Services",
    "Wanted",
    "api",
    "boards_event",
    "build",
    "decode_message",
    "mapping_edits",
    "ppm_event",
    "services",
]


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
    secrets = KeyVaultSecrets(settings["KEY_VAULT_URI"], identity, now)
    health = TableHealthBoard(account.tables)
    quarantine = TableQuarantine(account.tables)
    cursors = TableCursors(account.tables)
    places = PlaceMemory(cursors)
    names = PairNames(TableSyncStore(account.tables), cursors)
    organisations = Organisations(identity, secrets, health, settings)
    sides = Sides(organisations, secrets, health, settings)
    operation = OperationService(
        store=TableConfigurationStore(account.tables),
        quarantine=quarantine,
        boards=organisations.look_afresh,
        itsm_kinds=preset.kinds(),
        kinds_with_api=PRODUCTS.keys(),
        extend=lambda kind, fields: preset.preset(kind).extended(fields),
        places=places,
        hosts=allowed_hosts(settings),
        reserved=[events_secret(settings)],
        law=configured.law,
        pairs=lambda configuration: (
            *names.faults(configuration),
            *configured.live_faults(configuration, sides.look_afresh),
        ),
        taken=names.remember,
        categories=planning.CATEGORIES,
    )
    products = Products(operation.configuration, secrets, health, settings)
    probes = Probes(organisations, products, secrets, settings)
    connections = Connections(operation, secrets, health, probes.probe, now)
    tickets = TicketService(
        store=TableTicketStore(account.tables),
        hints=QueueHints(account.queues),
        quarantine=quarantine,
        cursors=cursors,
        secrets=secrets,
        boards=OrganisationDoor(operation.configuration, organisations),
        products=products.door,
        configuration=operation.configuration,
        clock=now,
        new_id=new_id,
        timing=Timing(
            request_timeout_seconds=seconds_of(settings, "REQUEST_TIMEOUT_SECONDS", 30),
            late_landing_seconds=seconds_of(settings, "LATE_LANDING_SECONDS", 30),
        ),
        places=places,
        public_url=public_url(settings),
    )
    return Services(tickets, operation, connections, _pairs(account, operation, sides, secrets, cursors, settings))


def _pairs(
    account: Account,
    operation: OperationService,
    sides: Sides,
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
        clock=now,
        new_id=new_id,
        timing=SyncTiming(
            # From when a write is asked for: first it waits for others to share its call.
            request_timeout_seconds=(1 + LONGEST_WAIT_SHARE) * seconds_of(settings, "REQUEST_TIMEOUT_SECONDS", 30),
            late_landing_seconds=seconds_of(settings, "LATE_LANDING_SECONDS", 30),
        ),
        address=public_url(settings),
    )
    desk = Desk(store, pairs, doors, now, new_id, public_url(settings))
    plans = PairPlans(sync, looks, TablePlans(account.tables), desk)
    admission = Admission(secrets, events_secret(settings), lambda: token_hex(32))
    subscriptions = SubscriptionUpkeep(
        configuration=operation.configuration,
        doors=sides.subscriptions,
        admission=admission,
        looks=looks,
        cursors=cursors,
        address=public_url(settings),
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
