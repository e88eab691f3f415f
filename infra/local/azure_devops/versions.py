"""`api-version`: in the query or in Accept, with or without a preview suffix."""

import re

from infra.local.azure_devops.errors import bad_version, no_version, preview_only
from infra.local.azure_devops.routing import HIGHEST_VERSION, Call, Location

VERSION = re.compile(r"(\d+\.\d+)(-preview(?:\.\d+)?)?")
IN_ACCEPT = re.compile(r"api-version=([^;,\s]+)", re.IGNORECASE)


def check_version(call: Call, location: Location) -> str | None:
    """The version the call asks for; only a GET may ask for none. Raises ApiError."""
    version = call.query.get("api-version")
    if version is None:
        accepted = IN_ACCEPT.search(call.headers.get("accept", ""))
        if accepted is None:
            if call.method in ("GET", "HEAD"):
                return None
            raise no_version(call.method)
        version = accepted[1]
    parts = VERSION.fullmatch(version)
    if parts is None or not 1.0 <= float(parts[1]) <= float(HIGHEST_VERSION):
        raise bad_version(version, HIGHEST_VERSION)
    # Only the newest version and what was never released is in preview.
    unreleased = location.released == "0.0" or float(parts[1]) > float(location.released)
    if unreleased and not parts[2]:
        raise preview_only(version)
    return version
