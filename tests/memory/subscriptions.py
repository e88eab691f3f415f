"""The `Subscriptions` port in memory, and the door to it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from shared.model import Secret

type Posting = tuple[str, str, str]  # address, project, the secret's value


class MemorySubscriptions:
    """`refused` has projects that cannot be listened to, and why; `failure` is raised by whoever comes through."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self.refused: dict[str, str] = {}
        self.failure: Exception | None = None

    @contextmanager
    def open(self) -> Iterator["MemorySubscriptions"]:
        if self.failure is not None:
            raise self.failure
        yield self

    def check(self) -> None: ...

    def ensure(self, address: str, secret: Secret, projects: Collection[str]) -> Mapping[str, str]:
        others = [posting for posting in self.postings if posting[0] != address]
        ours = [(address, project, secret.value) for project in projects if project not in self.refused]
        self.postings = others + ours
        return {project: self.refused[project] for project in projects if project in self.refused}
