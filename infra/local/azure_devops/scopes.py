"""What a token is good for: each call needs one of a few scopes, as the official specifications list them.

A token made without scopes may do everything.
"""

from collections.abc import Set

from infra.local.azure_devops.routing import Endpoint

# Calls that only read, though they are not GET.
READING = {
    "artifacturiquery",
    "queriesbatch",
    "sendmail",
    "wiql",
    "workitemrevisions",
    "workitemsbatch",
}
# Each scope includes those before it.
LADDERS = (
    ("vso.work", "vso.work_write", "vso.work_full"),
    ("vso.project", "vso.project_write", "vso.project_manage"),
    ("vso.profile", "vso.profile_write"),
    ("vso.graph", "vso.graph_manage"),
    ("vso.identity", "vso.identity_manage"),
    ("vso.code", "vso.code_write", "vso.code_manage"),
    ("vso.build", "vso.build_execute"),
)
KNOWN = frozenset(scope for ladder in LADDERS for scope in ladder)


def needed(endpoint: Endpoint) -> Set[str]:
    """The scopes of which any one is enough; none at all for what every caller may ask."""
    reads = endpoint.method in ("GET", "HEAD")
    match endpoint.location.area.lower():
        case "wit" | "work":
            return {"vso.work"} if reads or endpoint.location.resource.lower() in READING else {"vso.work_write"}
        case "core" if endpoint.location.resource.lower() == "processes":
            return {"vso.work"}
        case "core" if reads:
            across = endpoint.location.template == "_apis/{resource}" and endpoint.location.resource == "teams"
            return {"vso.project"} if across else {"vso.project", "vso.profile"}
        case "core":
            return {"vso.project_write" if endpoint.method == "PATCH" else "vso.project_manage"}
        case "hooks":
            return {"vso.work", "vso.build", "vso.code"}
        case "graph":
            return {"vso.graph" if reads else "vso.graph_manage"}
        case "ims":
            return {"vso.identity" if reads else "vso.identity_manage"}
    return set()


def widened(granted: Set[str]) -> frozenset[str]:
    """The scopes granted, and those they include."""
    return frozenset(scope for ladder in LADDERS for rung, scope in enumerate(ladder) if granted & set(ladder[rung:]))
