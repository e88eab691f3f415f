"""Both sides end up saying the same, everything once; and each rule that brings this about is needed."""

import pytest

from shared.tickets import answering, discussion, planning, reading, reconciler, run
from shared.tickets.service import TicketService
from tests.memory.itsm import MemoryItsm
from tests.simulation.conversation import Conversation
from tests.simulation.proof import check_that_it_is_needed, never_told

SEEDS = 200
MUTANT_SEEDS = 600


def play(seed: int) -> Conversation:
    world = Conversation(seed)
    world.live()
    world.settle()
    world.judge()
    return world


@pytest.mark.parametrize("block", range(4))
def test_both_sides_end_up_saying_the_same_and_everything_once(block):
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        play(seed)


def test_the_world_is_as_rough_as_it_says():
    events = ("killed", "late writes land", "adopted", "updated", "postponed", "push of", "sweep failed", "#ticket")
    assert not never_told(events, play, range(60))


def copy_what_we_said_ourselves(patch):
    patch.setattr(discussion, "is_echo", lambda comment, told: False)


def pass_on_what_we_copied(patch):
    patch.setattr(discussion, "is_copy", lambda html: False)
    patch.setattr(answering, "FOR_AGENTS", answering.re.compile("."))


def never_search_for_a_comment_in_doubt(patch):
    patch.setattr(MemoryItsm, "has_comment", lambda self, ticket, mark: False)


def forget_what_was_told(patch):
    patch.setattr(answering.Answering, "_know", lambda self, telling, told, **more: telling.run.save(**more))


def believe_pushes(patch):
    patch.setattr(reading.Reading, "back", lambda self, configuration, record: record.pushes)


def never_catch_up(patch):
    patch.setattr(reading.Reading, "catch_up", lambda self, configuration, connection: 0)


def never_look_at_the_boards(patch):
    patch.setattr(TicketService, "_answering", lambda self, configuration: [])


def take_our_own_states_for_the_teams(patch):
    patch.setattr(run.Run, "_agreed", lambda self, *told: self.link.answered)


def let_a_told_status_come_back_as_news(patch):
    def tell_state(self, telling, boards, item):
        before = telling.run.link.baseline
        TELL_STATE(self, telling, boards, item)
        telling.run.save(baseline=before)

    patch.setattr(answering.Answering, "_tell_state", tell_state)


def copy_comments_every_time(patch):
    patch.setattr(planning.discussion, "digest", lambda text: str(id(object())))


def ignore_the_lease(patch):
    patch.setattr(reconciler.Reconciler, "_wait_for_lease", lambda self, link: None)


TELL_STATE = answering.Answering._tell_state
FIRST_SEED = {
    never_search_for_a_comment_in_doubt: 42,
    take_our_own_states_for_the_teams: 20,
    ignore_the_lease: 119,
}


@pytest.mark.parametrize(
    "mutant",
    [
        copy_what_we_said_ourselves,
        pass_on_what_we_copied,
        never_search_for_a_comment_in_doubt,
        forget_what_was_told,
        believe_pushes,
        never_catch_up,
        never_look_at_the_boards,
        take_our_own_states_for_the_teams,
        let_a_told_status_come_back_as_news,
        copy_comments_every_time,
        ignore_the_lease,
    ],
)
def test_each_rule_is_needed(mutant):
    first = FIRST_SEED.get(mutant, 0)
    check_that_it_is_needed(mutant, play, range(first, first + MUTANT_SEEDS))
