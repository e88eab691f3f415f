"""Section 8 of the algorithm: what a deletion means, and when so much happens at once that a person is asked. Pure.

Only evidence counts: an item seen in the bin. One that is not found may just be hidden from us (X1).
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from shared.links import SyncLink, SyncState
from shared.model import Item, SideName
from shared.sync.rules import SIDES, DeletePolicy, MassLimits

MOST_SIGHTINGS = 3  # X1


class Fate(StrEnum):
    """What becomes of a link, given which of its items are in the bin."""

    TOGETHER = "together"
    REOPEN = "reopen"  # both are there again
    REMAKE = "remake"  # one is there again, its counterpart is not: it gets a new one
    APART = "apart"  # the link stays as dead as it is
    GONE = "gone"
    UNLINK = "unlink"
    FOLLOW = "follow"  # the other item goes into the bin, too


def fate(link: SyncLink, items: Mapping[SideName, Item], deletes: DeletePolicy, *, edited: bool) -> Fate:
    """X2. `edited`: the item that is left says something which the deleted one never said."""
    live = [side for side in SIDES if not items[side].in_bin]
    if len(live) == 2:
        return Fate.TOGETHER if link.state is SyncState.SYNCED else Fate.REOPEN
    if not live:
        return Fate.APART if link.state is SyncState.GONE else Fate.GONE
    if link.state is SyncState.GONE:
        return Fate.REMAKE
    if link.state is SyncState.UNLINKED:
        return Fate.APART
    return Fate.UNLINK if edited or deletes is DeletePolicy.UNLINK else Fate.FOLLOW


def mass_deletion(limits: MassLimits, total: int, doomed: Collection[str]) -> str:
    """X3: why these deletions are not carried over until a person says so; empty if they may be."""
    most = max(limits.deletions, limits.deletions_share * total)
    if len(doomed) > most or (len(doomed) == total and total > 1):
        return f"{len(doomed)} of {total} items were deleted: approve the list, or restore them"
    return ""


def mass_change(limits: MassLimits, total: int, changed: int) -> str:
    """X3: why so many changes at once are not followed; a mapping or a clock may have slipped."""
    if changed > max(limits.changes, limits.changes_share * total):
        return f"{changed} items changed at once, of {total} that are linked: find out why, then let the pair go on"
    return ""
