"""The calls to Azure DevOps that work items share: one for up to 200 of them.

Separate from the side, so that the code for a work item stays code for one work item.
"""

import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from shared.connectors.azure_devops import translate
from shared.connectors.azure_devops.api import Api, Write
from shared.connectors.sharing import Company, Shared
from shared.errors import InDoubt, Park

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200  # work items in a call: a limit of workitemsbatch, and what `$batch` is known to take
SINGLE_SECONDS = 60.0  # how long `$batch` is left alone after it failed

type Json = Mapping[str, Any]


class SharedCalls:
    """The calls to one organisation that callers share, whichever pair they work for."""

    def __init__(self, api: Api, company: Company | None = None, **waits: float) -> None:
        self._api = api
        company = company or Company()
        self._reads = Shared(self._read_all, company, most_at_once=MOST_AT_ONCE, **waits)
        self._writes = Shared(self._write_all, company, most_at_once=MOST_AT_ONCE, before=self._reads, **waits)
        self._searches = Shared(self._search_all, company, most_at_once=MOST_AT_ONCE, **waits)
        self._single_until = 0.0

    def work_items(self, ids: Sequence[int]) -> dict[int, Json]:
        """Work items with all their fields and links; a deleted one as the recycle bin has it, without `rev`."""
        return {id: json for id, json in zip(ids, self._reads(ids), strict=True) if json is not None}

    def write(self, write: Write) -> Json:
        """The work item as a write left it. Raises what it would raise if it were sent alone."""
        if monotonic() < self._single_until:
            return self._send(write)
        (answer,) = self._writes([write])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def found(self, urls: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """For each URL the work items that bear it as a hyperlink."""
        return dict(zip(urls, self._searches(urls), strict=True))

    def _read_all(self, ids: Sequence[int]) -> list[Json | None]:
        """`fields` and `$expand` exclude one another: links come with all fields, or in a second call."""
        wanted = list(dict.fromkeys(ids))
        asked = {"ids": wanted, "$expand": "relations", "errorPolicy": "omit"}
        read = self._api.query("_apis/wit/workitemsbatch", asked)["value"]
        found = {json["id"]: json for json in read if json}
        if missing := [id for id in wanted if id not in found]:
            found |= self._deleted(missing)
        return [found.get(id) for id in ids]

    def _deleted(self, ids: Sequence[int]) -> dict[int, Json]:
        try:
            read = self._api.get("_apis/wit/recyclebin", {"ids": ",".join(str(id) for id in ids)})
        except Park as refused:  # we may not look into it; then nothing is known, as of what was never there
            log.warning("the recycle bin cannot be read: %s", refused.reason)
            return {}
        return {json["id"]: json for json in read["value"]}

    def _write_all(self, writes: Sequence[Write]) -> list[Any]:
        if len(writes) == 1:
            return [self._send(writes[0])]
        try:
            return self._api.batch(writes)
        except (Park, RuntimeError, InDoubt):  # not to be had, or not to be relied on
            self._single_until = monotonic() + SINGLE_SECONDS
            raise

    def _send(self, write: Write) -> Json:
        return self._api.patch(write.method, write.address, write.patch, write.params)

    def _search_all(self, urls: Sequence[str]) -> list[tuple[int, ...]]:
        found = translate.found(self._api.query("_apis/wit/artifacturiquery", {"artifactUris": list(urls)}), urls)
        return [found[url] for url in urls]
