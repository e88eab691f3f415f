"""The `Probe` port over a tenant of PPM Express, as far as its public API tells what a token is good for."""

from collections.abc import Sequence

from shared.connectors.ppm_express.api import PpmExpressApi, expires_at
from shared.connectors.probing import EXPIRY, Need, Untold, expiry, in_each, probed
from shared.model import Requirement
from shared.ports import Clock


class PpmExpressProbe:
    """`projects` are the ids of those that pairs name; `api` remembers nothing yet."""

    def __init__(self, api: PpmExpressApi, projects: Sequence[str], clock: Clock) -> None:
        self._api = api
        self._projects = projects
        self._clock = clock

    def probe(self) -> tuple[Requirement, ...]:
        return probed(self._api.url, self._api.require_credential, self._greet, self._needs())

    def _needs(self) -> Sequence[Need]:
        renew = "Make a new token in PPM Express, and put the connection again with it."
        scope = "Make a token whose scopes allow it, of a user with rights in that project."
        may_be = "If a write is refused, make a token whose scopes allow it."
        return (
            Need(EXPIRY, lambda: expiry(expires_at(self._api.me()), self._clock), renew),
            Need("projects", lambda: in_each(self._projects, self._api.project), scope),
            Need("task fields", self._task_fields, scope),
            Need("tasks read", lambda: in_each(self._projects, self._api.tasks), scope),
            Need("tasks write", self._write, may_be),
        )

    def _greet(self) -> str:
        me = self._api.me()
        return f"accepted as {me.get('email') or me.get('logonAccount')}"

    def _task_fields(self) -> str:
        return f"tasks have {len(self._api.task_fields())} fields"

    def _write(self) -> str:
        """The swagger has scopes as texts and does not say which there are: what looks like writing is believed."""
        scopes = (self._api.me().get("token") or {}).get("scopes") or ()
        if writing := [scope for scope in scopes if "write" in scope.casefold()]:
            return f"the token's scopes say so: {', '.join(writing)}"
        raise Untold(f"the token's scopes do not say so: {', '.join(scopes) or 'none are told'}")
