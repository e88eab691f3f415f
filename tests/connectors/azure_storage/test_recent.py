"""A word that is looked up once a second, however many ask for it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.connectors.azure_storage.recent import SECONDS, Recent


class Said:
    """What storage says at the moment, and how often it was asked."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return self.word


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def recent(now: list[float]) -> Recent[str]:
    return Recent(lambda word: word != "stop", lambda: now[0])


def test_a_word_is_known_for_a_second(recent: Recent[str], now: list[float]) -> None:
    said = Said("go")
    assert recent.word("a", said) == "go"
    said.word = "stop"
    now[0] += SECONDS / 2
    assert recent.word("a", said) == "go"
    now[0] += SECONDS / 2
    assert recent.word("a", said) == "stop"
    assert said.asked == 2


def test_a_word_that_must_not_outlive_itself_is_not_remembered(recent: Recent[str]) -> None:
    said = Said("stop")
    assert recent.word("a", said) == "stop"
    said.word = "go"
    assert recent.word("a", said) == "go"


def test_a_word_of_our_own_is_known_at_once(recent: Recent[str]) -> None:
    said = Said("go")
    recent.word("a", said)
    said.word = "stop"
    recent.forget("a")
    assert recent.word("a", said) == "stop"


def test_each_name_has_a_word_of_its_own(recent: Recent[str]) -> None:
    assert recent.word("a", Said("go")) == "go"
    assert recent.word("b", Said("slow")) == "slow"


def test_many_at_once_ask_once(recent: Recent[str]) -> None:
    said = Said("go")
    with ThreadPoolExecutor(8) as pool:
        assert {*pool.map(lambda _: recent.word("a", said), range(100))} == {"go"}
    assert said.asked == 1
