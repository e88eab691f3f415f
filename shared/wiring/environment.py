"""What the worker finds around it: the clock, chance, and what its settings say."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

LOOPBACK = ("127.0.0.1", "localhost")


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return uuid.uuid4().hex


def allowed_hosts(settings: Mapping[str, str]) -> tuple[str, ...]:
    """What may be called besides the vendors' own; on this machine only if the app itself runs on it, which is never in
    Azure."""
    added = (host.strip() for host in settings.get("ALLOWED_HOSTS", "").split(","))
    return (*filter(None, added), *(LOOPBACK if "WEBSITE_HOSTNAME" in settings and _is_local(settings) else ()))


def events_secret(settings: Mapping[str, str]) -> str:
    """The name of the secret that our own webhooks bring."""
    return settings.get("EVENTS_SECRET") or "boardbridge-events"


def seconds_of(settings: Mapping[str, str], name: str, default: float) -> float:
    return float(settings.get(name) or default)


def public_url(settings: Mapping[str, str]) -> str:
    if url := settings.get("PUBLIC_URL"):
        return url.rstrip("/")
    host = settings.get("WEBSITE_HOSTNAME", "localhost")
    return f"{'http' if _is_local(settings) else 'https'}://{host}"


def _is_local(settings: Mapping[str, str]) -> bool:
    return settings.get("WEBSITE_HOSTNAME", "localhost").partition(":")[0] in LOOPBACK
