"""What every implementation of the `Subscriptions` port keeps, as one test class.

A subclass gives the fixture `product`: the port with the product behind it, where somebody else has a subscription too.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

import pytest

from shared.model import Secret
from shared.ports import Subscriptions

FIRST, SECOND = Secret("s3cret", "1a"), Secret("renewed", "2b")


class Product(Protocol):
    """`address` is where a test listens."""

    subscriptions: Subscriptions
    address: str
    projects: Sequence[str]

    def ours(self) -> set[str]:
        """The ids of subscriptions to the address."""
        ...

    def others(self) -> set[str]: ...

    def delete(self, ids: Iterable[str]) -> None:
        """By hand, as people do."""
        ...

    def double(self) -> None:
        """Make one of ours once more."""
        ...

    def heard(self) -> set[str]:
        """The secrets with which a change in the first project is told at the address."""
        ...


class SubscriptionsContract:
    @pytest.fixture
    @abstractmethod
    def product(self) -> Product: ...

    def ensure(self, product: Product, secret: Secret = FIRST) -> set[str]:
        assert product.subscriptions.ensure(product.address, secret, product.projects) == {}
        return product.ours()

    def test_a_product_that_works_says_so(self, product: Product) -> None:
        product.subscriptions.check()

    def test_changes_are_told_with_the_secret(self, product: Product) -> None:
        self.ensure(product)
        assert product.heard() == {"s3cret"}

    def test_nothing_changes_when_it_is_asked_again(self, product: Product) -> None:
        assert self.ensure(product) == self.ensure(product) != set()

    def test_what_people_delete_is_made_again(self, product: Product) -> None:
        made = self.ensure(product)
        product.delete([min(made)])
        assert len(self.ensure(product)) == len(made)
        assert product.heard() == {"s3cret"}

    def test_a_renewed_secret_takes_the_place_of_the_old_one(self, product: Product) -> None:
        made = self.ensure(product)
        renewed = self.ensure(product, SECOND)
        assert len(renewed) == len(made)
        assert product.heard() == {"renewed"}

    def test_doubles_go(self, product: Product) -> None:
        made = self.ensure(product)
        product.double()
        assert len(product.ours()) == len(made) + 1
        assert len(self.ensure(product)) == len(made)

    def test_without_projects_nothing_of_ours_is_left(self, product: Product) -> None:
        self.ensure(product)
        assert product.subscriptions.ensure(product.address, FIRST, ()) == {}
        assert product.ours() == set()

    def test_others_are_left_alone(self, product: Product) -> None:
        before = product.others()
        self.ensure(product)
        self.ensure(product, SECOND)
        product.subscriptions.ensure(product.address, SECOND, ())
        assert product.others() == before != set()
