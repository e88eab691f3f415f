"""Many work items at once, for measurements and for demos of size: an organisation as it looks after a year's work.

They are written through the store like any other change, so that every index, watermark and date is as it would be;
only rules are not asked, for nothing here breaks one. The same seed gives the same items in every run.
"""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, cycle, islice
from random import Random

from infra.local.azure_devops.boards.identities import Identity
from infra.local.azure_devops.boards.links import LINK_TYPES, PARENT, Relation
from infra.local.azure_devops.boards.organisation import Organisation, Project
from infra.local.azure_devops.boards.patch import draft_change, draft_new
from infra.local.azure_devops.boards.process import WorkItemType
from infra.local.azure_devops.boards.rules import follow_state, remember_tags
from infra.local.azure_devops.boards.store import Store, WorkItem
from infra.local.azure_devops.clock import stamp

PERIOD = timedelta(days=365)
RECENT = 5_000  # work goes on in the latest items
CHILDREN = (4, 6, 3)  # of an epic, a feature, a story
BUGS = 0.15  # of the stories

SUBJECTS = ("Router", "Invoice", "Login page", "Mail gateway", "Search", "Badge reader", "Report", "VPN", "Order form")
COMPLAINTS = ("is slow", "fails at night", "needs a new certificate", "shows old data", "must be moved", "has no owner")
PLACES = ("in Lyon", "in Hamburg", "for guests", "for the help desk", "on phones", "after the update")
TAGS = ("customer", "security", "debt", "quick win", "blocked", "q3")


@dataclass(frozen=True, slots=True)
class Planned:
    """An item to be made: the how-manieth it is, and which one is its parent."""

    number: int
    parent: int | None
    project: Project
    kind: WorkItemType
    area: str
    iteration: str


def fill(store: Store, organisation: Organisation, people: tuple[Identity, ...], items: int, *, seed: int = 1) -> None:
    """Write so many items and as many changes to them, dated over the year that ends now. Nobody is told of them."""
    gc.disable()
    try:
        _Year(store, people, Random(seed), items).live(islice(_Plans(organisation, Random(seed)), items))
    finally:
        gc.enable()
        store.journal.tell()
    # What was made stays until a reset; looking through it again and again would only cost pauses.
    gc.freeze()


class _Plans:
    """Families without end, one project after the other; every item comes after its parent."""

    def __init__(self, organisation: Organisation, dice: Random) -> None:
        self.organisation = organisation
        self.dice = dice
        self.numbers = count()

    def __iter__(self) -> Iterator[Planned]:
        for project in cycle(self.organisation.projects):
            backlogs = sorted(project.process.backlogs, key=lambda backlog: -backlog.rank)
            levels = [[project.process.types[name] for name in backlog.types] for backlog in backlogs]
            iterations = [node.path for node in project.iterations.walk()]
            area = self.dice.choice([node.path for node in project.areas.walk()])
            yield from self._family(project, levels, area, iterations, None)

    def _family(
        self, project: Project, levels: list[list[WorkItemType]], area: str, iterations: list[str], parent: int | None
    ) -> Iterator[Planned]:
        kinds, *below = levels
        kind = kinds[-1] if len(kinds) > 1 and self.dice.random() < BUGS else kinds[0]
        plan = Planned(next(self.numbers), parent, project, kind, area, self.dice.choice(iterations))
        yield plan
        if below:
            for _ in range(CHILDREN[-len(below)]):
                yield from self._family(project, below, area, iterations, plan.number)


class _Year:
    """Makes the plans into items, one event after the other, evenly over the year."""

    def __init__(self, store: Store, people: tuple[Identity, ...], dice: Random, items: int) -> None:
        self.store = store
        self.people = people
        self.dice = dice
        self.step = PERIOD / (2 * items + 1)
        self.now = store.clock() - PERIOD
        self.first_id = store.next_item_id
        self.recent: list[tuple[WorkItem, WorkItemType]] = []

    def live(self, plans: Iterator[Planned]) -> None:
        clock, self.store.clock = self.store.clock, lambda: self.now
        try:
            for number, plan in enumerate(plans):
                made = self._make(plan), plan.kind
                if number < RECENT:
                    self.recent.append(made)
                else:
                    self.recent[number % RECENT] = made
                self._change(*self.dice.choice(self.recent))
        finally:
            self.store.clock = clock

    def _make(self, plan: Planned) -> WorkItem:
        self.now += self.step
        dice, draft = self.dice, draft_new(plan.project, plan.kind)
        title = f"{dice.choice(SUBJECTS)} {dice.choice(COMPLAINTS)} {dice.choice(PLACES)}"
        draft.fields["System.Title"] = title
        draft.fields["System.AreaPath"] = plan.area
        draft.fields["System.IterationPath"] = plan.iteration
        if dice.random() < 0.7:
            draft.fields["System.AssignedTo"] = dice.choice(self.people)
        if dice.random() < 0.3:
            draft.fields["System.Tags"] = "; ".join(sorted(dice.sample(TAGS, dice.randint(1, 2))))
        if dice.random() < 0.3:
            draft.fields["System.Description"] = f"<div>{title}. Seen since last week.</div>"
        if plan.parent is not None:
            draft.relations.append(self._link_to(self.first_id + plan.parent))
        item = self.store.save(draft, dice.choice(self.people))
        remember_tags(item, plan.project)
        return item

    def _link_to(self, parent: int) -> Relation:
        return Relation(
            id=self.store.new_relation_id(),
            type=LINK_TYPES[PARENT.casefold()],
            target=parent,
            uri=None,
            comment=None,
            name=None,
            created=stamp(self.now),
        )

    def _change(self, item: WorkItem, kind: WorkItemType) -> None:
        """One step forward, or a word on the priority when the item is done."""
        self.now += self.step
        dice, draft = self.dice, draft_change(item)
        names = [state.name for state in kind.states if state.category != "Removed"]
        at, by = names.index(item.fields["System.State"]), dice.choice(self.people)
        if at + 1 < len(names):
            draft.fields["System.State"] = names[at + 1]
            follow_state(draft, kind, by, stamp(self.now))
        else:
            draft.fields["Microsoft.VSTS.Common.Priority"] = dice.randint(1, 4)
        self.store.save(draft, by)
