"""Section 6 of the algorithm: how an item's copy on the other side is made once, without the server's help. Pure.

A link is reserved under an id that follows from the origin (S1), and the copy bears the link's marker: a URL, written
in the same atomic step as the item itself, by which a copy whose making ended without an answer is found again.

Nothing is ever stripped of its marker. Whose an item is is told by its alias, and only an item without one is asked for
its marker: so a person's clone of a copy is new (C8), because the marker's link owns another item already.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import count
from urllib.parse import quote, unquote

from shared.errors import Park
from shared.links import Copy, FieldIntent, Intent, SyncLink, SyncState, Values
from shared.model import FieldType, Item, ItemDraft, SideName
from shared.sync.rules import PairRules, other
from shared.sync.values import kept, translated


def link_ids(origin: SideName, item_id: str) -> Iterator[str]:
    """S1: two workers that adopt one item reserve the same link, the first that no other item has.

    An item that was deleted, replaced under its link by a new copy, and restored finds its own id taken.
    """
    yield f"{origin}:{item_id}"
    yield from (f"{origin}:{item_id}~{again}" for again in count(2))


def marker(address: str, pair: str, link: str) -> str:
    """The URL that a copy bears. The digest keeps apart what a search that ignores case takes for the same."""
    digest = hashlib.sha256(f"{pair} {link}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{address}/api/pairs/{quote(pair, safe='')}/links/{quote(link, safe='')}?mark={digest}"


def marked(address: str, pair: str, markers: Iterable[str]) -> tuple[str, ...]:
    """The links of this pair that an item's markers speak of."""
    start = f"{address}/api/pairs/{quote(pair, safe='')}/links/"
    named = (unquote(url.removeprefix(start).partition("?")[0]) for url in markers if url.startswith(start))
    return tuple(link for link in named if marker(address, pair, link) in markers)


def reserved(address: str, pair: str, id: str, origin: SideName, item_id: str, copy: Copy) -> SyncLink:
    """C1: the link before anything is made."""
    return SyncLink(id, pair, SyncState.CREATING, origin, marker(address, pair, id), {origin: item_id}, copy=copy)


def draft(
    rules: PairRules, link: SyncLink, origin: Item, parent: str | None, *, born_first: bool
) -> tuple[ItemDraft, Intent]:
    """C5: the item to be made, and what is remembered of it before that.

    An empty field is not sent: what the server puts there by itself is nobody's word. One that cannot be converted is
    left out, too; it is held, with its reason, once the copy is there. So is the state of what is `born_first`.
    """
    target = other(link.origin)
    fields: dict[str, object] = {}
    intents: dict[str, FieldIntent] = {}
    for rule in rules.active:
        source, end = rule.end(link.origin), rule.end(target)
        value = origin.fields.get(source.key)
        if kept(source, value) is None or rule.direction.target not in (None, target):
            continue
        if born_first and end.type is FieldType.STATE:
            continue
        try:
            fields[end.key] = sent = translated(rule, value, target)
        except Park:
            continue
        intents[rule.key] = FieldIntent({link.origin: kept(source, value)}, {target: sent})
    made = ItemDraft(
        project=link.copy.project or rules.homes.get(target, ""),
        kind=link.copy.kind or rules.kinds.get(link.origin, {}).get(origin.kind, ""),
        fields={**fields, **link.copy.fields},
        marker=link.marker,
        parent=parent,
    )
    return made, Intent(intents, asked=link.copy.asked)


def first_states(rules: PairRules, link: SyncLink, made: Item) -> Mapping[str, Values]:
    """Baselines for the states in which a copy was born, by rule key: nobody chose them; the origin's is the news."""
    target = other(link.origin)
    ends = {rule.key: rule.end(target) for rule in rules.active if rule.end(target).type is FieldType.STATE}
    return {key: {target: kept(end, made.fields[end.key])} for key, end in ends.items() if end.key in made.fields}


def unfit(item: Item) -> str:
    """Why an item is to have no counterpart, empty if it may: what others overwrite may be followed all the same."""
    if item.in_bin:
        return "it is in the bin"
    return item.read_only if item.foreign else ""


def owns(link: SyncLink, side: SideName, item_id: str) -> bool:
    """C8: whether an item that bears a link's marker is the link's, or is about to be.

    If not, it is somebody's clone of our copy, or a copy that the link did without, because it died or had another.
    """
    return link.ids.get(side) == item_id or (link.state is SyncState.CREATING and side is other(link.origin))


def below(
    parents: Mapping[str, str | None], kinds: Mapping[str, str], roots: Collection[str], depth: Collection[str] | None
) -> tuple[str, ...]:
    """The chosen items and all below them whose kind is in `depth` (None: every kind), parents first.

    `parents` and `kinds` are those of every item in the scope. An item that is left out ends its branch.
    """
    children: dict[str, list[str]] = {}
    for id, parent in parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(id)
    found: dict[str, None] = {}
    queue = list(roots)
    for id in queue:
        if id not in found:
            found[id] = None
            queue += (child for child in children.get(id, ()) if depth is None or kinds[child] in depth)
    return tuple(found)
