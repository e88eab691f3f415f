"""What every implementation of the `Itsm` port keeps, as test classes: behaviour, and for those over HTTP its failures.

A subclass gives the fixtures `product` (empty, at the time of `clock`) and `itsm` (connected to it), and says in class
attributes what its product is like. Documents are judged by what the preset of their kind reads in them.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

import pytest

from infra.local.products.base import Remark, StandIn
from shared.connectors.probing import ItsmProbe
from shared.errors import InDoubt, NotFound, RetryLater, StopConnection, Throttled
from shared.model import Comment, Push, Secret, TicketAddress
from shared.ports import Itsm
from shared.tickets.mapping import Sender, comments_of, the_ticket
from shared.tickets.preset import preset
from tests.connectors.clock import VirtualClock

URL = "https://dev.azure.com/contoso/Fabrikam/_workitems/edit/4711"
MARK = "[azure-devops:4711:12]"
SIGN_IN_PAGE = b"<html><title>Sign in</title></html>"


class Product(Protocol):
    """A product with its tickets, as `StandIn` has it: what a contract does and sees on the other side."""

    def create_ticket(self, title: str, description: str = "") -> str: ...

    def update(self, id: str, **fields: Any) -> None: ...

    def comment(self, id: str, text: str, *, public: bool) -> None: ...

    def delete(self, id: str) -> None: ...

    def comments(self, id: str) -> list[Remark]: ...


class KeptSecrets:
    """Secrets of which `get` remembers what it first saw, and `refresh` sees what they are now."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self._seen = dict(values)

    def get(self, name: str) -> Secret:
        return Secret(self._seen[name])

    def refresh(self, name: str) -> Secret:
        self._seen[name] = self.values[name]
        return self.get(name)

    def set(self, name: str, value: str) -> Secret:
        self.values[name] = value
        return self.refresh(name)


class ItsmContract:
    """`kind` names the preset. The rest says what is peculiar to the product."""

    kind: ClassVar[str]
    title_field: ClassVar[str]  # the product's name for it, to change it as an agent
    statuses: ClassVar[tuple[tuple[str, Mapping[str, str], str], ...]]  # value, what goes with it, what it means
    more_than_a_page: ClassVar[int] = 130
    lag_seconds: ClassVar[float] = 0  # how late its list of changes shows a change

    @pytest.fixture
    @abstractmethod
    def product(self, clock: VirtualClock) -> Product: ...

    @pytest.fixture
    @abstractmethod
    def itsm(self, product: Product, clock: VirtualClock) -> Itsm: ...

    def address(self, id: str) -> TicketAddress:
        """What is known of a ticket when it is asked for."""
        return TicketAddress(id)

    def understood(self, document: Mapping[str, Any]) -> Push:
        return the_ticket(document, preset(self.kind), Sender({}, VirtualClock()(), "hash"))

    def ids(self, documents: Iterable[Mapping[str, Any]]) -> list[str]:
        return [self.understood(document).ticket_id for document in documents]

    def said_on(self, itsm: Itsm, id: str) -> list[Comment]:
        return comments_of(self.understood(itsm.read(self.address(id), comments=True)).fields)

    # ---------------------------------------------------------------- read

    def test_a_check_of_a_working_product_raises_nothing(self, itsm: Itsm) -> None:
        itsm.check()

    def test_a_probe_finds_a_working_product_in_order(self, itsm: Itsm, clock: VirtualClock) -> None:
        probe = ItsmProbe("https://product.example", lambda: None, itsm, clock)
        assert {each.item: each.ok for each in probe.probe()} == {
            "address": True,
            "token": True,
            "expiry": None,
            "tickets read": True,
            "tickets write": None,
        }

    def test_a_ticket_is_read_as_its_preset_understands_it(self, product: Product, itsm: Itsm) -> None:
        product.create_ticket("Another")
        id = product.create_ticket("Druckerstörung & <more>", "It smokes")
        push = self.understood(itsm.read(self.address(id), comments=False))
        assert push.ticket_id == id
        assert push.fields["title"] == "Druckerstörung & <more>"
        assert "It smokes" in push.fields["body"]
        assert push.fields["status_category"] == "open"

    def test_its_id_is_enough_to_read_a_ticket(self, product: Product, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        known = itsm.read(self.address(id), comments=True)
        assert itsm.read(TicketAddress(id), comments=True) == known

    def test_comments_are_read_with_their_audience(self, product: Product, itsm: Itsm, clock: VirtualClock) -> None:
        id = product.create_ticket("Printer on fire", "It smokes")
        for text, public in (("We are on it", True), ("Check the fuse", False)):
            clock.pass_by(60)
            product.comment(id, text, public=public)
        public, internal = self.said_on(itsm, id)[-2:]
        assert (public.public, internal.public) == (True, False)
        assert "We are on it" in public.body
        assert "Check the fuse" in internal.body
        assert public.id != internal.id

    def test_comments_are_those_of_this_ticket(self, product: Product, itsm: Itsm) -> None:
        one, other = (product.create_ticket(title, "It smokes") for title in ("One", "Other"))
        product.comment(other, "Check the fuse", public=False)
        assert not any("Check the fuse" in comment.body for comment in self.said_on(itsm, one))

    def test_without_comments_none_are_read(self, product: Product, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        product.comment(id, "Check the fuse", public=False)
        documents = [itsm.read(self.address(id), comments=False)]
        assert not any(comments_of(self.understood(document).fields) for document in documents)

    def test_what_is_not_there_is_not_found(self, product: Product, itsm: Itsm) -> None:
        gone = self.address(product.create_ticket("Gone"))
        product.delete(gone.id)
        status, more, _ = self.statuses[0]
        for call in (
            lambda: itsm.read(gone, comments=True),
            lambda: itsm.read(TicketAddress(gone.id), comments=False),
            lambda: itsm.comment(gone, "x", public=False),
            lambda: itsm.introduce(gone, 4711, URL),
            lambda: itsm.set_status(gone, status, more),
        ):
            with pytest.raises(NotFound):
                call()

    # ---------------------------------------------------------------- what changed

    def test_changed_tickets_come_oldest_change_first(self, product: Product, itsm: Itsm, clock: VirtualClock) -> None:
        self._create_one_an_hour(product, clock, "Old")
        since = clock()
        first, second, third = self._create_one_an_hour(product, clock, "First", "Second", "Third")
        product.update(first, **{self.title_field: "First, changed"})
        clock.pass_by(self.lag_seconds)
        changed = list(itsm.changed_since(since, comments=False))
        assert self.ids(changed) == [second, third, first]
        assert self.understood(changed[-1]).fields["title"] == "First, changed"

    def test_a_change_at_the_very_moment_counts(self, product: Product, itsm: Itsm, clock: VirtualClock) -> None:
        id = product.create_ticket("Now")
        since = clock()
        clock.pass_by(self.lag_seconds)
        assert self.ids(itsm.changed_since(since, comments=False)) == [id]
        clock.pass_by(3600)
        assert self.ids(itsm.changed_since(clock(), comments=False)) == []

    def test_a_changed_ticket_is_given_whole(self, product: Product, itsm: Itsm, clock: VirtualClock) -> None:
        since = clock()
        id = product.create_ticket("Printer on fire", "It smokes")
        product.comment(id, "Check the fuse", public=False)
        clock.pass_by(self.lag_seconds)
        for comments in (False, True):
            (changed,) = itsm.changed_since(since, comments=comments)
            assert self.understood(changed) == self.understood(itsm.read(self.address(id), comments=comments))

    def test_all_pages_are_read_even_if_all_changed_at_once(
        self, product: Product, itsm: Itsm, clock: VirtualClock
    ) -> None:
        since = clock()
        ids = [product.create_ticket(f"Ticket {n}") for n in range(self.more_than_a_page)]
        clock.pass_by(self.lag_seconds)
        assert sorted(self.ids(itsm.changed_since(since, comments=False))) == sorted(ids)

    def test_a_ticket_that_changes_while_pages_are_read_hides_no_other(
        self, product: Product, itsm: Itsm, clock: VirtualClock
    ) -> None:
        since = clock()
        ids = []
        for n in range(self.more_than_a_page):
            ids.append(product.create_ticket(f"Ticket {n}"))
            clock.pass_by(1)
        clock.pass_by(self.lag_seconds)
        changed = itsm.changed_since(since, comments=False)
        seen = [next(changed)]
        for id in ids[:3]:
            product.update(id, **{self.title_field: "Changed"})
        assert set(self.ids([*seen, *changed])) == set(ids)

    # ---------------------------------------------------------------- introduce

    def test_a_ticket_is_introduced_once_and_to_agents_only(self, product: Product, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        before = product.comments(id)
        itsm.introduce(self.address(id), 4711, URL)
        once = product.comments(id)
        itsm.introduce(self.address(id), 4711, URL)
        assert product.comments(id) == once
        assert not any(remark.public for remark in once if remark not in before)
        assert self.introduced(product, id) == [URL]

    def introduced(self, product: Product, id: str) -> list[str]:
        """The URLs that agents see on the ticket; a product with links of its own looks there."""
        return [URL for remark in product.comments(id) if URL in remark.text and not remark.public]

    # ---------------------------------------------------------------- comment

    @pytest.mark.parametrize("public", [True, False])
    def test_a_comment_reaches_whom_it_is_meant_for(self, product: Product, itsm: Itsm, public: bool) -> None:
        id = product.create_ticket("Printer on fire")
        itsm.comment(self.address(id), "The fuse is new", public=public)
        assert [remark for remark in product.comments(id) if "fuse" in remark.text] == [
            Remark("The fuse is new", public)
        ]

    def test_a_comment_is_plain_text(self, product: Product, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        text = "a < b && <b>c</b>\nsecond line: größer, {code} *d* [e]"
        itsm.comment(self.address(id), text, public=False)
        assert product.comments(id)[-1].text == text

    @pytest.mark.parametrize("public", [True, False])
    def test_a_comment_is_found_by_its_mark(self, product: Product, itsm: Itsm, public: bool) -> None:
        marked, other = product.create_ticket("Marked"), product.create_ticket("Other")
        assert not itsm.has_comment(self.address(marked), MARK)
        itsm.comment(self.address(marked), f"Done\n{MARK}", public=public)
        assert itsm.has_comment(self.address(marked), MARK)
        assert not itsm.has_comment(self.address(marked), MARK.replace("12", "1"))
        assert not itsm.has_comment(self.address(other), MARK)

    def test_a_comment_is_found_among_many(self, product: Product, itsm: Itsm) -> None:
        id = product.create_ticket("Long story")
        oldest, newest = MARK, MARK.replace("12", "13")
        for text in (oldest, *(f"Comment {n}" for n in range(self.more_than_a_page)), newest):
            product.comment(id, text, public=False)
        assert itsm.has_comment(self.address(id), oldest)
        assert itsm.has_comment(self.address(id), newest)

    # ---------------------------------------------------------------- status

    def test_a_status_is_set_and_set_again(self, product: Product, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        for status, more, meaning in self.statuses:
            for _ in range(2):
                itsm.set_status(self.address(id), status, more)
                read = self.understood(itsm.read(self.address(id), comments=False))
                assert read.fields["status_category"] == meaning

    def test_a_status_does_not_speak_to_the_requester(self, product: Product, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        before = product.comments(id)
        status, more, _ = self.statuses[0]
        itsm.set_status(self.address(id), status, more)
        assert product.comments(id) == before

    def _create_one_an_hour(self, product: Product, clock: VirtualClock, *titles: str) -> list[str]:
        ids = []
        for title in titles:
            ids.append(product.create_ticket(title))
            clock.pass_by(3600)
        return ids


class ItsmOverHttpContract(ItsmContract):
    """`product` is a `StandIn`, and `itsm` a connector that gets its secret, `snow`, from the fixture `secrets`.

    `commenting` is the method of the request that adds a comment, `introducing` of that which introduces.
    """

    commenting: ClassVar[str] = "POST"
    introducing: ClassVar[str] = "POST"

    @pytest.fixture
    def secrets(self, product: StandIn) -> KeptSecrets:
        return KeptSecrets(snow=product.secret)

    def test_a_renewed_secret_is_taken_at_once(self, product: StandIn, itsm: Itsm, secrets: KeptSecrets) -> None:
        id = product.create_ticket("Printer on fire")
        product.secret = secrets.values["snow"] = "renewed-secret"
        itsm.comment(self.address(id), "The fuse is new", public=False)
        assert sum("fuse" in remark.text for remark in product.comments(id)) == 1

    def test_a_refused_secret_stops_the_connection(self, product: StandIn, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        product.secret = "renewed-secret"
        for call in (itsm.check, lambda: itsm.comment(self.address(id), "x", public=False)):
            with pytest.raises(StopConnection, match="'snow'") as stop:
                call()
            assert "local-secret" not in stop.value.reason

    def test_a_probe_tells_a_refused_secret_from_another_site(
        self, product: StandIn, itsm: Itsm, clock: VirtualClock
    ) -> None:
        probe = ItsmProbe(product.url, lambda: None, itsm, clock)
        product.secret = "renewed-secret"
        address, token, *_ = probe.probe()
        assert (address.ok, token.ok, "'snow'" in token.fix) == (True, False, True)
        product.fail_next(200, times=2, headers={"Content-Type": "text/html"}, body=SIGN_IN_PAGE)
        address, token, *_ = probe.probe()
        assert (address.ok, token.ok) == (False, None)

    def test_a_sign_in_page_stops_the_connection(self, product: StandIn, itsm: Itsm) -> None:
        product.fail_next(200, times=2, headers={"Content-Type": "text/html"}, body=SIGN_IN_PAGE)
        with pytest.raises(StopConnection):
            itsm.check()

    def test_throttling_says_how_long_to_wait(self, product: StandIn, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        for call in (
            lambda: itsm.read(self.address(id), comments=True),
            lambda: list(itsm.changed_since(VirtualClock()(), comments=True)),
            lambda: itsm.comment(self.address(id), "x", public=False),
        ):
            product.fail_next(429, headers={"Retry-After": "7"})
            with pytest.raises(Throttled) as throttled:
                call()
            assert throttled.value.after_seconds == 7
        assert not any(remark.text == "x" for remark in product.comments(id))

    def test_a_read_that_fails_is_tried_later(self, product: StandIn, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        product.fail_next(503)
        with pytest.raises(RetryLater):
            itsm.read(self.address(id), comments=False)

    def test_a_write_without_an_answer_may_have_happened(self, product: StandIn, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        product.drop_answer(method=self.commenting)
        with pytest.raises(InDoubt):
            itsm.comment(self.address(id), MARK, public=False)
        assert itsm.has_comment(self.address(id), MARK)

    def test_a_failed_write_is_in_doubt_too(self, product: StandIn, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        product.fail_next(500, method=self.commenting)
        with pytest.raises(InDoubt):
            itsm.comment(self.address(id), MARK, public=False)
        assert not itsm.has_comment(self.address(id), MARK)

    def test_an_introduction_in_doubt_is_repeated_without_doubling(self, product: StandIn, itsm: Itsm) -> None:
        id = product.create_ticket("Printer on fire")
        product.drop_answer(method=self.introducing)
        with pytest.raises(InDoubt):
            itsm.introduce(self.address(id), 4711, URL)
        itsm.introduce(self.address(id), 4711, URL)
        assert self.introduced(product, id) == [URL]
