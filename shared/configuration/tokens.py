"""Where tokens may go: to the hosts of their product, and each to the one product that it is for.

Separate from the rest of the judging because it guards against whoever may write a configuration: it must not have the
app send a secret of the vault to another product, to an address inside the network it runs in, or write over one.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from shared.configuration.connections import ItsmConnection
from shared.configuration.document import Configuration
from shared.faults import Fault

# Patterns of the vendors' own hosts, by kind. What a deployment adds comes in as an argument and holds for all kinds.
SITES: Mapping[str, Collection[str]] = {
    "azure_devops": ("dev.azure.com", "*.visualstudio.com"),
    "freshservice": ("*.freshservice.com",),
    "jira": ("*.atlassian.net",),
    "jira_service_management": ("*.atlassian.net",),
    "ppm_express": ("api-*.ppm.express",),
    "servicenow": ("*.service-now.com",),
    "zendesk": ("*.zendesk.com",),
}


def host_faults(configuration: Configuration, hosts: Collection[str]) -> Iterable[Fault]:
    """Of an ITSM product that only pushes, the address is for links alone, and nothing is asked of it."""
    for name, connection in configuration.connections.items():
        called = not isinstance(connection, ItsmConnection) or connection.access
        known = (*SITES.get(connection.kind, ()), *hosts)
        if called and connection.url and not _allowed(connection.url, known):
            listed = ", ".join((*known, "what ALLOWED_HOSTS adds"))
            fix = f"'{_host(connection.url)}' is not a host this app may call as {connection.kind}: {listed}"
            yield f"connections.{name}.url", fix


def _allowed(url: str, patterns: Collection[str]) -> bool:
    """What is not plainly a host name is none, whatever pattern it fits."""
    host = _host(url)
    return bool(re.fullmatch(r"[a-z0-9.-]+", host)) and any(fnmatchcase(host, known.lower()) for known in patterns)


def _host(url: str | None) -> str:
    return urlsplit(url or "").hostname or ""


@dataclass(frozen=True, slots=True)
class _Use:
    """A secret where it is named. `product` is the kind and host of the connection; `sent`: that product gets it."""

    connection: str
    path: str
    secret: str
    product: tuple[str, str]
    sent: bool


def secret_faults(configuration: Configuration, reserved: Collection[str]) -> Iterable[Fault]:
    """A secret of an account is that of one product alone. Secrets that pushes are known by go nowhere: they may be
    shared. Key Vault takes names in capitals and small letters for the same."""
    ours = {name.casefold() for name in reserved}
    uses = list(_uses(configuration))
    for use in uses:
        if use.secret.casefold() in ours:
            yield use.path, f"'{use.secret}' is the secret of our own webhooks: name another"
        for other in uses:
            if use.secret.casefold() == other.secret.casefold() and _apart(use, other):
                yield (
                    use.path,
                    f"'{use.secret}' is a secret of the connection '{other.connection}': name one of its own",
                )


def _apart(one: _Use, other: _Use) -> bool:
    return one.product != other.product and (one.sent or other.sent)


def _uses(configuration: Configuration) -> Iterator[_Use]:
    for name, connection in configuration.connections.items():
        path, product = f"connections.{name}", (connection.kind, _host(connection.url))
        if not isinstance(connection, ItsmConnection):
            if connection.secret:
                yield _Use(name, f"{path}.secret", connection.secret, product, sent=True)
            continue
        if connection.access:
            yield _Use(name, f"{path}.access.secret", connection.access.secret, product, sent=True)
        for proof in ("signature", "token", "basic"):
            if given := getattr(connection, proof):
                secrets = (given.secret,) if isinstance(given.secret, str) else given.secret
                yield from (_Use(name, f"{path}.{proof}.secret", each, product, sent=False) for each in secrets)
