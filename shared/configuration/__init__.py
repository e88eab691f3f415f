"""The configuration document: connections, teams, routes, triage and pairs, validated as a whole, every fault listed.

It is written as YAML, kept as rows, and read by every service through `Configuration`. Each fault has the path of the
value at fault and says what to fix. Secrets are named here, never written here.

    values        what is written in many places: names, addresses, names of secrets
    connections   the products that the app talks with
    routes        where tickets go, and who is to see them there
    pairs         what is kept in step with what, and by which rules
    document      all of it as one
    parsing       a document becomes a configuration or is refused
    tokens        where secrets may go, and that one serves one product
    judging       whether its parts go together
    live          whether the organisation has what it speaks of

What the services use of it is here by name.
"""

from shared.configuration.connections import (
    AZURE_DEVOPS,
    PPM_KINDS,
    PPM_KINDS_WITH_WEBHOOKS,
    Access,
    Answers,
    AzureDevOpsConnection,
    ItsmConnection,
    PpmConnection,
    Signature,
    Status,
    Token,
)
from shared.configuration.document import Configuration, destinations
from shared.configuration.judging import Extend, Law
from shared.configuration.live import audience_faults, live_faults, owns
from shared.configuration.pairs import FieldEnd, FieldMapping, Pair, Words
from shared.configuration.parsing import parse
from shared.configuration.routes import Destination, Route
from shared.configuration.values import Name, SecretName

__all__ = [
    "AZURE_DEVOPS",
    "PPM_KINDS",
    "PPM_KINDS_WITH_WEBHOOKS",
    "Access",
    "Answers",
    "AzureDevOpsConnection",
    "Configuration",
    "Destination",
    "Extend",
    "FieldEnd",
    "FieldMapping",
    "ItsmConnection",
    "Law",
    "Name",
    "Pair",
    "PpmConnection",
    "Route",
    "SecretName",
    "Signature",
    "Status",
    "Token",
    "Words",
    "audience_faults",
    "destinations",
    "live_faults",
    "owns",
    "parse",
]
