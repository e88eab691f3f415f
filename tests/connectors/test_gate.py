"""One door per connection: a pause is everyone's, a stop ends when the token is renewed or after some minutes."""

import pytest

from shared.connectors.gate import TRY_A_STOPPED_CONNECTION_AFTER, Gate
from shared.errors import Park, RetryLater, StopConnection, Throttled
from shared.model import Secret
from tests.connectors.clock import VirtualClock
from tests.memory.boards import MemoryBoards
from tests.memory.storage import MemoryHealthBoard


class Vault:
    version: str | None = "1"

    def get(self, name: str) -> Secret:
        if self.version is None:
            raise Park(f"there is no secret '{name}'")
        return Secret("token", self.version)

    refresh = get


class Organisation(MemoryBoards):
    works = True
    checks = 0

    def check(self) -> None:
        self.checks += 1
        if not self.works:
            raise StopConnection("the token has expired", "contoso")


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def vault():
    return Vault()


@pytest.fixture
def organisation(clock):
    return Organisation(clock)


@pytest.fixture
def gates(clock, vault, organisation):
    """Two workers' gates that share the word on their connection."""
    health = MemoryHealthBoard()
    return [Gate("contoso", "pat", organisation, health, vault, clock, 15) for _ in range(2)]


def stop(gate: Gate) -> None:
    """The token expires: one call says so, and so does the one that makes sure. The next token will do."""
    gate.beyond.works = False
    with pytest.raises(RetryLater, match="the token has expired"), gate.open():
        raise StopConnection("the token has expired", "contoso")
    gate.beyond.works, gate.beyond.checks = True, 0


def test_an_open_door_gives_the_organisation(gates, organisation):
    with gates[0].open() as boards:
        assert boards is organisation
    assert gates[0].why_shut() == ""


def test_one_worker_told_to_wait_makes_all_wait_and_no_longer_than_told(gates, clock):
    with pytest.raises(RetryLater), gates[0].open():
        raise Throttled("slow down", 30)
    clock.pass_by(10)
    with pytest.raises(RetryLater, match="20 s are left") as wait, gates[1].open():
        pytest.fail("nobody may call")
    assert wait.value.after_seconds == 20
    assert "20 s are left" in gates[1].why_shut()
    clock.pass_by(20)
    with gates[1].open():
        pass


def test_a_stop_is_everyones_and_is_told_once(gates, caplog):
    stop(gates[0])
    for gate in gates:
        with pytest.raises(RetryLater, match="the token has expired") as wait, gate.open():
            pytest.fail("nobody may call")
        assert wait.value.after_seconds == 15
        assert gate.why_shut() == "the token has expired"
    assert [record.message for record in caplog.records] == ["connection 'contoso' is stopped: the token has expired"]


def test_a_renewed_token_opens_the_door_after_one_call_that_works(gates, vault, organisation):
    stop(gates[0])
    vault.version = "2"
    with gates[1].open():
        assert organisation.checks == 1
    with gates[0].open():
        assert organisation.checks == 1, "open again for everyone"


def test_a_renewed_token_that_does_not_work_either_keeps_it_shut(gates, vault, organisation):
    stop(gates[0])
    vault.version, organisation.works = "2", False
    with pytest.raises(RetryLater), gates[1].open():
        pytest.fail("nobody may call")
    with pytest.raises(RetryLater), gates[0].open():
        pytest.fail("nobody may call")
    assert organisation.checks == 1, "the second token was tried once, by one worker"


def test_without_a_new_token_it_is_tried_again_after_some_minutes(gates, clock, organisation):
    stop(gates[0])
    clock.pass_by(TRY_A_STOPPED_CONNECTION_AFTER.total_seconds())
    with gates[1].open():
        assert organisation.checks == 1


def test_a_secret_that_is_missing_is_no_new_token(gates, vault):
    vault.version = None
    stop(gates[0])
    with pytest.raises(RetryLater), gates[0].open():
        pytest.fail("nobody may call")
    vault.version = "1"
    with gates[0].open():
        pass


def test_one_odd_answer_stops_nobody(gates, organisation):
    with pytest.raises(RetryLater, match="once refused, then not"), gates[0].open():
        raise StopConnection("Azure DevOps answered with its sign-in page (203)", "contoso")
    with gates[1].open():
        assert organisation.checks == 1


def test_an_item_that_is_refused_shuts_no_door(gates):
    with pytest.raises(Park), gates[0].open():
        raise Park("TF401320: a field is required")
    with gates[1].open():
        pass
