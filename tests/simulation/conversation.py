"""A world in which both sides talk: tickets are read back and answered, and most of what is pushed gets lost.

Agents change tickets and comment on them, the team moves work items and marks comments for the ticket, under all the
faults of `World`, those of the product's API among them. At the end both sides say the same, everything was said once,
and nothing came back to where it was said.
"""

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from shared.configuration import Configuration, parse
from shared.errors import Refused, RetryLater
from shared.model import WorkItem
from shared.tickets import planning
from shared.tickets.preset import kinds, preset
from tests.simulation.world import CONFIGURATION, Killed, World

QUIET_ROUNDS = 12
STATUSES = ("open", "in_progress", "resolved", "closed")
STATES = ("New", "Active", "Resolved", "Closed")
# A bug's Resolved and Closed are both told as "resolved", which asks for Resolved where an agent says it.
TOLD = {"Proposed": "open", "InProgress": "in_progress", "Resolved": "resolved", "Completed": "resolved"}
DOCUMENT = CONFIGURATION.model_dump(exclude_none=True)
TALKING = parse(
    {
        **DOCUMENT,
        "routes": [{**route, "type": "Bug"} for route in DOCUMENT["routes"]],
        "connections": {
            "contoso": {"kind": "azure_devops", "url": "https://dev.azure.com/contoso", "secret": "pat"},
            "generic": {
                "kind": "generic",
                "url": "https://desk.example",
                "access": {"secret": "token"},
                "answers": {"public": True, "states": TOLD},
            },
        },
    },
    kinds(),
    lambda kind, fields: preset(kind).extended(fields),
    ("generic",),
    hosts=("desk.example",),
)


@dataclass
class Conversation(World):
    configuration: ClassVar[Configuration] = TALKING

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ids = [f"T-{self.seed}-{number}" for number in range(self.tickets)]
        self.said: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()

    # ---------------------------------------------------------------- living

    def live(self) -> None:
        for id in self.ids:
            self.itsm.change(id, title=f"Ticket {id}", team="Network", status="open")
        acts = {self.agent: 3, self.work: 8, self.team_member: 3, self.renew_token: 1, self.look: 1}
        for _ in range(40):
            self.advance(self.random.uniform(0, 20))
            self.random.choices([*acts], [*acts.values()])[0]()
        self.quiet = True
        self.renew_token()

    def agent(self) -> None:
        """An agent changes a ticket or comments on it; the product pushes its id, or the push gets lost."""
        id = self.random.choice(self.ids)
        if self.random.random() < 0.5:
            status = self.random.choice(STATUSES)
            self.asked[id] += self.itsm.tickets[id]["status"] != status
            self.itsm.change(id, status=status)
            self.tell(f"{id}: agent sets {status}")
        else:
            self._say(id, public=self.random.random() < 0.7)
        if self.random.random() < 0.5:
            self.push_id(id)

    def team_member(self) -> None:
        """The team moves a work item, or says something that the ticket is to hear, or not."""
        items = self.boards.live()
        if not items:
            return
        item = self.random.choice(items)
        match self.random.choice(["move", "for the agents", "for the requester", "among ourselves"]):
            case "move":
                self.boards.edit(item.id, {"System.State": (state := self.random.choice(STATES))})
                self.tell(f"#{item.id}: team sets {state}")
            case what:
                word = {"for the agents": "#ticket ", "for the requester": "#requester "}.get(what, "")
                text = f"board {self.random.getrandbits(40):x}"
                self.boards.edit(item.id, {"System.History": f"<div>{word}{text}</div>"})
                if word:
                    self.said[text] += 1
                self.tell(f"#{item.id}: team says {word}{text}")

    def look(self) -> None:
        """The hour strikes."""
        try:
            self.service.sweep()
        except (Killed, RetryLater) as failure:
            self.tell(f"sweep failed: {failure!r}")

    def push_id(self, id: str) -> None:
        try:
            self.service.accept("generic", json.dumps({"id": id}).encode(), {"content-type": "application/json"})
        except (Killed, RetryLater, Refused) as failure:
            self.tell(f"push of {id} failed: {failure!r}")

    def _say(self, id: str, *, public: bool) -> None:
        text = f"{'public' if public else 'internal'} {self.random.getrandbits(40):x}"
        self.itsm.say(id, text, public=public)
        if public:
            self.said[text] += 1
        self.tell(f"{id}: agent says {text}")

    # ---------------------------------------------------------------- judging

    def settle(self) -> int:
        """Hours pass in peace: everything that was missed is found."""
        for rounds in range(QUIET_ROUNDS):
            before = self.written()
            self.service.sweep()
            while (due := self.hints.next_due()) is not None:
                self.advance(max(0.0, (due - self.now).total_seconds()))
                self.work()
            self.advance(3600)
            if rounds > 1 and self.written() == before:
                return rounds
        raise AssertionError(self.story(f"still writing after {QUIET_ROUNDS} hours"))

    def written(self) -> int:
        """Revisions on the board and versions in the product."""
        return super().written() + sum(ticket["version"] for ticket in self.itsm.tickets.values())

    def judge(self) -> None:
        items = self.boards.live()
        assert len(items) == len(self.ids), self.story(f"{len(items)} work items for {len(self.ids)} tickets")
        for id in self.ids:
            self._judge_ticket(id)
        heard = Counter({text: self._times(text) for text in self.said})
        assert heard == dict.fromkeys(self.said, 2), self.story("not said once on each side: " + str(heard))
        internal = [c for item in items for c in self.boards.comments(item.id) if "internal " in c.html]
        assert not internal, self.story("internal words on the board")

    def _judge_ticket(self, id: str) -> None:
        told = self.service.look_up("generic", id)
        assert told["state"] == "synced", self.story(f"{id} is {told['state']}: {told['reason']}")
        item = self.boards.work_item(told["work_item"]["id"])
        assert self.itsm.introduced[id][0] == item.id, self.story(f"{id} does not know its work item")
        type = self.boards.work_item_type(item.project, item.type)
        status, state = self.itsm.tickets[id]["status"], item.fields["System.State"]
        now = type.states[state]
        # What agents have closed is not made merely resolved again.
        agreeing = planning.category(type, status) == now or TOLD.get(now) == status
        assert agreeing or (status, state) == ("closed", "Resolved"), self.story(
            f"{id} is {status}, its work item {state}"
        )
        moved = self._states_that_we_set(item)
        assert len(moved) <= self.asked[id], self.story(f"{id}: agents asked {self.asked[id]} times, we set {moved}")

    def _states_that_we_set(self, item: WorkItem) -> list[str]:
        revisions = [self.boards.revision(item.id, rev).fields for rev in range(1, item.rev + 1)]
        return [
            after["System.State"]
            for before, after in pairwise(revisions)
            if after["System.State"] != before["System.State"]
            and after["System.ChangedBy"] == after["System.CreatedBy"]
        ]

    def _times(self, text: str) -> int:
        """How often a text stands on either side: where it was said, and where it was carried."""
        on_tickets = sum(text in c["body"] for ticket in self.itsm.tickets.values() for c in ticket["comments"])
        return on_tickets + sum(
            c.html.count(text) for item in self.boards.live() for c in self.boards.comments(item.id)
        )
