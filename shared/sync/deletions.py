"""Section 8 of the algorithm, step by saved step: what is done about an item in the bin.

X1  only what was seen in the bin was deleted    X2  an untouched item follows, an edited one wins, a restore re-opens
X3  the other item follows once the deletions were counted, or a person has approved this one
"""

from collections.abc import Mapping
from dataclasses import replace

from shared.links import Intent, Look, SyncState
from shared.model import Item, SideName
from shared.sync import history, intents, parents, plan
from shared.sync.hand import ALIVE, NO_LEASE, SETTLED, Hand, Outcome
from shared.sync.parents import NONE
from shared.sync.rules import SIDES, other

BINNING = "bin"  # what was tried when a side refused to put an item into the bin


def edited(hand: Hand, items: Mapping[SideName, Item]) -> bool:
    """Whether the item that is left, where one is, says something which the deleted one never said (I5)."""
    live = [side for side in SIDES if not items[side].in_bin]
    if len(live) != 1 or hand.link.state is not SyncState.SYNCED:
        return False
    (side,) = live
    intent = hand.link.intent
    if intent and intent.bin is side and items[side].version != hand.link.versions.get(side, ""):
        return True  # somebody restored what we had binned, or worked on it meanwhile
    around = hand.around(items)
    settled = hand.link
    if intent is not None:
        settled = intents.settled(hand.link, hand.named, hand.landed(intent, items), around.views)
    moved = side in around.views and around.views[side] not in (
        settled.parents.get(side, NONE),
        parents.OUTSIDE,
        *([NONE] if settled.parents.get(side) in around.dead else []),
    )
    return moved or bool(settled.open) or intents.touched(settled, hand.named, side, items[side])


def unlink(hand: Hand, look: Look, items: Mapping[SideName, Item], *, edited: bool) -> Outcome:
    """The items go separate ways: at once where the edit wins, else once the deletions were counted (X3)."""
    deleted = tuple(side for side in SIDES if items[side].in_bin)
    if not edited and not _counted(hand, look):
        return _doom(hand, deleted[0])
    row = plan.deletion(hand.link, deleted[0], items, hand.worker.clock(), edited=edited)
    hand.save([row], state=SyncState.UNLINKED, deleted=deleted, doomed=False, **NO_LEASE)
    return Outcome.UNLINKED


def follow(hand: Hand, look: Look, items: Mapping[SideName, Item]) -> Outcome:
    """The untouched item follows the deleted one into the bin, once the deletions were counted (X3)."""
    side = next(side for side in SIDES if not items[side].in_bin)
    if not hand.sides[side].capabilities().bins or items[side].read_only:
        return unlink(hand, look, items, edited=False)
    if hand.link.parked and hand.link.parked_on == BINNING and not look.retry:
        return Outcome.PARKED
    if not _counted(hand, look):
        return _doom(hand, other(side))
    hand.settle(items, hand.around(items))
    versions = {**hand.link.versions, side: items[side].version}
    hand.save(intent=Intent(bin=side), versions=versions, parked="", parked_on=BINNING, **hand.lease())
    hand.write(lambda: _put_in_bin(hand, side, items[side]))
    gone(hand, side)
    return Outcome.GONE


def _counted(hand: Hand, look: Look) -> bool:
    return hand.link.approved or (hand.link.doomed and look.swept)


def _doom(hand: Hand, deleted: SideName) -> Outcome:
    hand.save(deleted=(deleted,), doomed=True)
    return Outcome.DOOMED


def _put_in_bin(hand: Hand, side: SideName, seen: Item) -> None:
    if not hand.sides[side].capabilities().conditional_writes:
        hand.look_once_more(side, hand.rules.keys(side), seen)
    hand.sides[side].put_in_bin(seen.id, seen.version)


def gone(hand: Hand, binned: SideName) -> None:
    why = f"deleted on {other(binned)}"
    hand.told.append(history.of_item(hand.link, binned, history.DELETED, None, why, hand.worker.clock()))
    hand.save(state=SyncState.GONE, **{**ALIVE, "deleted": SIDES}, **SETTLED, **NO_LEASE)


def revived(hand: Hand) -> bool:
    """Whether the origin of a copy that was never made, deleted then, is restored now: then the copy is to be made."""
    origin = hand.look_up(hand.link.origin)
    if origin is None:
        hand.count_missing([hand.link.origin])
    elif not origin.in_bin:
        hand.save(state=SyncState.CREATING, **ALIVE)
        return True
    return False


def remake(hand: Hand, items: Mapping[SideName, Item]) -> Outcome:
    """X2: one item was restored; it gets its counterpart back if that was restored, too, and else a new one."""
    side = next(side for side in SIDES if not items[side].in_bin)
    hand.save(
        state=SyncState.CREATING,
        origin=side,
        attempted_at=hand.worker.clock(),
        intent=None,
        copy=replace(hand.link.copy, parent=""),
        **ALIVE,
    )
    hand.worker.looks.send(Look(hand.link.pair, link=hand.link.id))
    return Outcome.REOPENED
