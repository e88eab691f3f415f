"""Short stories of a plan and a board, each told twice: with two sides in memory, and by the connectors to simulators.

`two_sides/*.yaml` are the stories, `telling/words.py` says in which words they are told.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from shared.errors import Refused
from tests.stories.telling import words
from tests.stories.telling.judging import differences, wrong
from tests.stories.telling.memory import MemoryGround
from tests.stories.telling.simulated import SimulatedGround, Simulators
from tests.stories.telling.stage import Stage, Untold
from tests.stories.telling.words import GROUNDS, VERBS, Step, Story

FILES = sorted(Path(__file__).with_name("two_sides").glob("*.yaml"))
STORIES = {file.stem: words.read(file) for file in FILES}


def on(ground: str) -> list[object]:
    """The stories for a ground, each marked where the product does not do yet what is expected."""
    return [
        pytest.param(story, id=name, marks=pytest.mark.xfail(reason=story.fails[ground]) if ground in story.fails else ())
        for name, story in STORIES.items()
        if ground == "memory" or not story.only_in_memory
    ]


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    with Simulators() as running:
        yield running


def holds(stage: Stage) -> None:
    """The story ends as it is told, and stays so."""
    seen = stage.tell(stage.story.steps)
    assert differences(stage.story.end, seen) == []
    assert not stage.writes_more(), "a further sweep writes nothing"
    assert differences(stage.story.end, stage.seen()) == []


@pytest.mark.parametrize("story", on("memory"))
def test_a_story_holds_in_memory(story: Story):
    holds(Stage(story, MemoryGround))


@pytest.mark.parametrize("story", on("simulators"))
def test_a_story_holds_with_the_simulators(story: Story, simulators: Simulators):
    stage = Stage(story, lambda story, clock: SimulatedGround(simulators, story, clock))
    try:
        holds(stage)
    finally:
        stage.ground.close()


# ---------------------------------------------------------------- the stories themselves


def ends_as_told(story: Story, steps: Iterable[Step]) -> bool:
    try:
        return differences(story.end, Stage(story, MemoryGround).tell(steps)) == []
    except (Untold, Refused):
        return False


@pytest.mark.parametrize("story", on("memory"))
def test_a_story_without_one_of_its_deeds_is_another_one(story: Story):
    deeds = [step for step in story.steps if step.deed]
    without = {str(deed): [step for step in story.steps if step is not deed] for deed in deeds}
    assert [deed for deed, steps in without.items() if ends_as_told(story, steps)] == []


@pytest.mark.parametrize("story", [story for story in STORIES.values() if "memory" not in story.fails])
def test_a_story_told_wrong_in_one_word_is_noticed(story: Story):
    seen = Stage(story, MemoryGround).tell(story.steps)
    assert [told for told in wrong(story.end) if not differences(told, seen)] == []


def test_there_are_thirty_stories_of_a_page_each():
    assert len(STORIES) >= 30
    assert [file.name for file in FILES if not 8 <= len(file.read_text().splitlines()) <= 40] == []
    assert [name for name, times in Counter(story.sentence for story in STORIES.values()).items() if times > 1] == []


def test_every_word_is_told_somewhere():
    told = {step.verb.removeprefix("board ").removeprefix("plan ") for s in STORIES.values() for step in s.steps}
    assert {verb.removeprefix("board ").removeprefix("plan ") for verb in VERBS} == told


MISTOLD = {
    "nobody knows what 'board shouts' means: do you mean 'board adds'?": {"steps": [{"board shouts": "Basket"}]},
}
