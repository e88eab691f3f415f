"""The tasks of one project as the API shows them: each alone, or all in one list, which those who read share.

Apart from the side because the cheaper way depends on who else is reading, and on how many tasks there are.
"""

from collections.abc import Collection, Iterator, Sequence

from shared.connectors.ppm_express.api import Document, PpmExpressApi
from shared.connectors.sharing import Company, Shared
from shared.errors import NotFound

FEW = 3  # tasks that are read alone in any case
LISTED_PER_CALL = 500  # tasks of a list that take about as long as a call for one
MOST_AT_ONCE = 1000
LONGEST_WAIT_SECONDS = 0.25  # for others to come: by then a task read alone would be there


class ProjectTasks:
    """Safe to share between threads."""

    def __init__(self, api: PpmExpressApi, project: str) -> None:
        self._api = api
        self._project = project
        self._number = 0  # of tasks, when they were last listed
        self._company = Company()
        self._from_list = Shared(
            self._list_if_cheaper, self._company, most_at_once=MOST_AT_ONCE, longest_wait_seconds=LONGEST_WAIT_SECONDS
        )

    def all(self) -> Iterator[Document]:
        """One by one, as they come. Nobody may conclude anything from some of them: the list may break off."""
        number = 0
        for task in self._api.tasks(self._project):
            yield task
            number += 1
        self._number = number

    def alone(self, id: str) -> Document:
        return self._api.task(self._project, id)

    def some(self, ids: Collection[str]) -> list[Document]:
        """Those of `ids` that are there, as they are now. What a list leaves out has its own call for a last word."""
        wanted = list(ids)
        listed = zip(wanted, self._from_list(wanted), strict=True)
        found = (task or self._alone_or_none(id) for id, task in listed)
        return [task for task in found if task]

    def _list_if_cheaper(self, ids: Sequence[str]) -> list[Document | None]:
        """None for each that is to be read alone."""
        wanted = set(ids)
        if len(wanted) <= max(FEW, self._number / LISTED_PER_CALL):
            return [None] * len(ids)
        tasks = {task["id"]: task for task in self.all() if task["id"] in wanted}
        return [tasks.get(id) for id in ids]

    def _alone_or_none(self, id: str) -> Document | None:
        try:
            with self._company.beside():  # or those who come one after the other would never be many
                return self.alone(id)
        except NotFound:
            return None
