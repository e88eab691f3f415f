"""Section 6 of the algorithm, step by saved step: the item that a link is missing is made once.

C4  search before a create is repeated    C5  record the attempt, create, commit
C7  a found copy's baseline is what we made    C9  a surplus copy goes if nobody touched it
"""

from dataclasses import replace

from shared.errors import Park
from shared.links import Intent, Look, SyncLink, SyncState
from shared.model import Item, SideName
from shared.sync import agreements, create, history, intents, plan
from shared.sync.hand import ALIVE, NO_LEASE, SETTLED, Hand, Outcome
from shared.sync.parents import NONE
from shared.sync.rules import SIDES, other

BEFORE_THE_FIRST = "0"  # the version after which all revisions come


def make(hand: Hand, look: Look) -> Outcome:
    """The link has both its items afterwards, or is dead, or its next run goes on from what is saved."""
    target = other(hand.link.origin)
    origin = hand.look_up(hand.link.origin)
    if origin is None:
        hand.count_missing([hand.link.origin])
    former = hand.look_up(target) if target in hand.link.ids else None
    assert origin is not None, "a missing origin has ended the run"
    found = _find(hand, target) if hand.link.attempted_at is not None else None  # C4
    if former is not None and not former.in_bin and not origin.in_bin:  # its counterpart was restored, too
        if found is not None:
            remove_surplus(hand, target, found)
        hand.save(state=SyncState.SYNCED, **ALIVE, **SETTLED, **NO_LEASE)
        return Outcome.REOPENED
    if origin.in_bin:
        hand.save(state=SyncState.GONE, deleted=(hand.link.origin,), **NO_LEASE)
        if found is not None:  # C9
            hand.worker.looks.send(Look(hand.link.pair, target, found.id))
        return Outcome.GONE
    if found is not None:
        first = hand.sides[target].first_shown(found.id, hand.rules.keys(target))
        hand.link = replace(hand.link, baseline={})
        _own(hand, origin, found, first or found, intents.adopted(hand.link, hand.named, target, first, found))
        return Outcome.ADOPTED
    parent = hand.id_of(hand.link.copy.parent, target) if hand.link.copy.parent else None
    born_first = hand.sides[target].capabilities().born_first
    draft, intent = create.draft(hand.rules, hand.link, origin, parent, born_first=born_first)
    tried = plan.attempt(draft)
    if hand.link.parked and hand.link.parked_on == tried and not look.retry:
        return Outcome.PARKED
    hand.link = replace(hand.link, parked="", parked_on=tried)
    hand.save(attempted_at=hand.worker.clock(), intent=intent, **hand.lease())  # C5, in one save with C2
    try:
        made = hand.write(lambda: hand.sides[target].create(draft, hand.rules.keys(target)))
    except Park as refusal:
        _tell(hand, target, refused=refusal.reason)
        raise
    stored = {target: intents.by_rule(hand.named, target, made.fields)}
    hand.link = replace(hand.link, baseline={})
    _own(hand, origin, made, made, intents.settled(hand.link, hand.named, stored, {}))
    return Outcome.CREATED


def _find(hand: Hand, target: SideName) -> Item | None:
    """The lowest item bearing our marker that no link owns."""
    for id in hand.sides[target].find([hand.link.marker]).get(hand.link.marker, ()):
        if hand.worker.store.of_item(hand.link.pair, target, id) is None:
            return hand.sides[target].read([id], hand.rules.keys(target)).get(id)
    return None


def _own(hand: Hand, origin: Item, made: Item, first: Item, agreed: SyncLink) -> None:
    """The copy is ours, under no parent as yet: where it belongs is settled like any other move (C11).

    `first` is how it was born, `agreed` the link with what of it was sent.
    """
    target = other(hand.link.origin)
    ids = {hand.link.origin: origin.id, target: made.id}
    hand.link = replace(hand.link, ids=ids)
    _tell(hand, target)
    born = create.first_states(hand.rules, hand.link, first) if hand.sides[target].capabilities().born_first else {}
    hand.link = replace(agreed, baseline={**born, **agreed.baseline})
    hand.save(
        state=SyncState.SYNCED,
        ids=ids,
        versions={hand.link.origin: origin.version, target: made.version},
        urls={hand.link.origin: origin.url, target: made.url},
        parents=dict.fromkeys(SIDES, NONE),
        terms=agreements.terms(hand.rules),
        placed=False,
        **ALIVE,
        **SETTLED,
        **NO_LEASE,
    )


def _tell(hand: Hand, target: SideName, refused: str = "") -> None:
    """What became of the copy is history with the next save."""
    intent, origin = hand.link.intent or Intent(), hand.link.origin
    sent = {key: field.sent[target] for key, field in intent.fields.items() if target in field.sent}
    why = f"the copy of {origin} {hand.link.ids[origin]}"
    hand.told.append(history.of_item(hand.link, target, history.CREATED, sent, why, hand.worker.clock(), refused))


def remove_surplus(hand: Hand, side: SideName, item: Item) -> bool:
    """C9: a copy that the link does not own goes, if nobody has touched it; under the link's own lease.

    Only history can tell it from a person's clone of it, so without one it stays.
    """
    first = hand.sides[side].first_shown(item.id, hand.rules.keys(side))
    if first is None or first.version != item.version or not hand.sides[side].capabilities().bins:
        return False
    said = {key: value for key, value in first.fields.items() if value is not None}
    if not hand.sides[side].written_by_us(item.id, BEFORE_THE_FIRST, said):
        return False
    hand.save(**hand.lease())
    try:
        hand.write(lambda: hand.sides[side].put_in_bin(item.id, item.version))
    except Park as refusal:
        hand.save(parked=f"{side} {item.id} is a copy that nobody needs: {refusal.reason}", **NO_LEASE)
    else:
        why = f"a copy that nobody needs: {side} {item.id}"
        hand.told.append(history.of_item(hand.link, side, history.DELETED, None, why, hand.worker.clock()))
        hand.save(**NO_LEASE)
    return True
