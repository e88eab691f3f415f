"""The subscriptions in memory keep the contract that the real ones keep."""

from collections.abc import Iterable

import pytest

from tests.connectors.subscriptions_contract import SubscriptionsContract
from tests.memory.subscriptions import MemorySubscriptions, Posting

HERE, ELSEWHERE = "https://bridge.example/events", "https://other.example/"


class Remembered:
    projects = ("Fabrikam", "Tailwind")
    address = HERE

    def __init__(self) -> None:
        self.subscriptions = MemorySubscriptions()
        self.subscriptions.postings.append((ELSEWHERE, "Fabrikam", "theirs"))

    def ours(self) -> set[str]:
        return {f"{number} {project}" for number, (_, project, _) in enumerate(self._ours())}

    def others(self) -> set[str]:
        return {address for address, _, _ in self.subscriptions.postings if address != HERE}

    def delete(self, ids: Iterable[str]) -> None:
        gone = {id.partition(" ")[2] for id in ids}
        self.subscriptions.postings = [each for each in self.subscriptions.postings if each[1] not in gone]

    def double(self) -> None:
        self.subscriptions.postings.append(self._ours()[0])

    def heard(self) -> set[str]:
        return {secret for _, project, secret in self._ours() if project == self.projects[0]}

    def _ours(self) -> list[Posting]:
        return [posting for posting in self.subscriptions.postings if posting[0] == HERE]


class TestSubscriptions(SubscriptionsContract):
    @pytest.fixture
    def product(self) -> Remembered:
        return Remembered()
