"""What the board did goes back to the ticket: which work item it became, its state, comments marked for it.

Each is told once. What the ticket was told is kept on the link, and a telling that may have happened ends in `?` until
that is known. Nothing that came from the ticket goes back: copied comments bear a mark, a state that we wrote ourselves
is agreed on, and the status that a telling brings about is taken in before it can come back as news.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.configuration import Answers, Configuration, ItsmConnection, Status
from shared.errors import Park
from shared.model import Link, TicketAddress, WorkItem, WorkItemComment
from shared.ports import Boards, Itsm, ItsmDoor
from shared.tickets import discussion
from shared.tickets.history import values
from shared.tickets.intake import preset_of
from shared.tickets.preset import look_up
from shared.tickets.reading import Reading
from shared.tickets.rich_text import plain
from shared.tickets.run import NO_LEASE, Run

# Words of their own: addresses and numbers (#ticket-4711) hold them too.
FOR_AGENTS = re.compile(r"(?<!\S)#ticket(?=$|[\s.,:;!?])", re.IGNORECASE | re.MULTILINE)
FOR_REQUESTER = re.compile(r"(?<!\S)#requester(?=$|[\s.,:;!?])", re.IGNORECASE | re.MULTILINE)
STATE = "state"
WORK_ITEM = "work_item"
IN_DOUBT = "?"


@dataclass(frozen=True, slots=True)
class _Telling:
    """What one ticket is told: the run it is part of, the connection's wishes, the way to the product."""

    run: Run
    configuration: Configuration
    connection: str
    itsm: ItsmConnection
    answers: Answers
    door: ItsmDoor
    address: TicketAddress


class Answering:
    """`products` opens the way to the product behind a connection."""

    def __init__(self, products: Callable[[str], ItsmDoor], reading: Reading) -> None:
        self._products = products
        self._reading = reading

    def tell(self, run: Run, boards: Boards, configuration: Configuration, connection: str, *, look: bool) -> None:
        """Tell the ticket what it does not know yet; `look`: look at the board for it.

        What the product refuses is kept on the link as `unanswered`. The ticket may have been read anew by it.
        """
        itsm = configuration.itsm.get(connection)
        if itsm is None or itsm.access is None or itsm.answers is None or run.link.work_item_id is None:
            return
        fields = values(run.ticket)
        address = TicketAddress(run.ticket.id, fields.get("kind", ""), fields.get("number", ""))
        telling = _Telling(run, configuration, connection, itsm, itsm.answers, self._products(connection), address)
        refusals: list[str] = []
        for step in self._steps(telling, boards, look):
            try:
                step()
            except Park as refusal:
                refusals.append(refusal.reason)
        if run.link.unanswered != (unanswered := "; ".join(refusals)):
            run.save(unanswered=unanswered)

    def _steps(self, telling: _Telling, boards: Boards, look: bool) -> Iterator[Callable[[], None]]:
        link = telling.run.link
        if telling.answers.work_item and link.answered.get(WORK_ITEM) != str(link.work_item_id):
            yield lambda: self._introduce(telling)
        # Comments first: some products open a ticket again that is replied to.
        if look and telling.answers.comments and link.work_item_id:
            for comment in boards.comments(link.work_item_id):
                if _is_for_ticket(comment, link):
                    yield lambda comment=comment: self._pass_on(telling, comment)
        item = telling.run.item or (boards.work_item(link.work_item_id) if look and link.work_item_id else None)
        if item and telling.answers.state:
            yield lambda: self._tell_state(telling, boards, item)

    # ---------------------------------------------------------------- the work item

    def _introduce(self, telling: _Telling) -> None:
        link = telling.run.link
        id, url = link.work_item_id or 0, link.work_item_url
        self._write(telling, lambda product: product.introduce(telling.address, id, url))
        self._know(telling, {WORK_ITEM: str(id)})

    # ---------------------------------------------------------------- its state

    def _tell_state(self, telling: _Telling, boards: Boards, item: WorkItem) -> None:
        """Tell a state that the team chose. One that follows from the ticket was agreed on when it was written."""
        run = telling.run
        now = category_of(boards, item)
        if now == run.link.answered.get(STATE) or not now:
            return
        status = self._status(telling, now)
        known = values(run.ticket)
        expected = status and look_up(preset_of(telling.itsm).statuses, known.get("kind", ""), status.status)
        if status is None or STATE not in run.link.answered or _says_so(known.get("status_category"), expected):
            self._know(telling, {STATE: now})
            return
        if STATE + IN_DOUBT not in run.link.answered and self._has_changed(telling):
            return
        self._know(telling, {STATE + IN_DOUBT: f"{now}={expected or ''}"})
        before = values(run.ticket).get("status_category", "")
        self._write(telling, lambda product: product.set_status(telling.address, status.status, status.more))
        self._look_at_ticket(telling)
        agreed = values(run.ticket).get("status_category", "")
        if expected and agreed not in (before, expected):  # an agent's, who was right behind us: news for the board
            self._know(telling, {STATE: now})
            return
        self._know(telling, {STATE: now}, baseline={**run.link.baseline, STATE: agreed})

    def _has_changed(self, telling: _Telling) -> bool:
        """Whether an agent was faster: what the ticket says goes before what the board says."""
        before = values(telling.run.ticket).get("status_category")
        self._look_at_ticket(telling)
        return values(telling.run.ticket).get("status_category") != before

    def _look_at_ticket(self, telling: _Telling) -> None:
        telling.run.take((self._reading.now(telling.configuration, telling.connection, telling.address),))

    def _status(self, telling: _Telling, category: str) -> Status | None:
        own = {str(name): status for name, status in telling.answers.states.items()}
        kind = values(telling.run.ticket).get("kind", "")
        found = own[category] if category in own else preset_of(telling.itsm).answer(kind, category)
        status = Status(status=found) if isinstance(found, str) else found
        return status if status and status.status else None

    # ---------------------------------------------------------------- comments marked for it

    def _pass_on(self, telling: _Telling, comment: WorkItemComment) -> None:
        work_item_id = telling.run.link.work_item_id or 0
        aspect = f"comment:{comment.id}"
        mark = discussion.mark(work_item_id, comment.id)
        text = plain(comment.html)
        public = telling.answers.public and bool(FOR_REQUESTER.search(text))
        said = FOR_REQUESTER.sub("", FOR_AGENTS.sub("", text)).strip()
        text = f"{mark} {comment.author} on the board:\n\n{said}"
        words = discussion.words(text)  # by which it is known again when it comes back
        if aspect + IN_DOUBT in telling.run.link.answered and self._is_said(telling, mark):
            self._know(telling, {aspect: words})
            return
        self._know(telling, {aspect + IN_DOUBT: words})
        self._write(telling, lambda product: product.comment(telling.address, text, public=public))
        self._know(telling, {aspect: words})

    def _is_said(self, telling: _Telling, mark: str) -> bool:
        with telling.door.open() as product:
            return product.has_comment(telling.address, mark)

    # ---------------------------------------------------------------- common

    def _write(self, telling: _Telling, write: Callable[[Itsm], None]) -> None:
        """Under a lease of its own: nobody else tells the same meanwhile, or before it can have landed."""

        def through_the_door() -> None:
            with telling.door.open() as product:
                write(product)

        telling.run.save(**telling.run.lease())
        telling.run.write(through_the_door)

    def _know(self, telling: _Telling, told: Mapping[str, str], **more: object) -> None:
        """Keep what was told; what is certain takes the place of what was in doubt."""
        before = telling.run.link.answered
        settled = {name for name in before if name.removesuffix(IN_DOUBT) in told}
        answered = {name: value for name, value in before.items() if name not in settled} | told
        telling.run.save(answered=answered, **more, **NO_LEASE)


def _says_so(status: str | None, expected: str | None) -> bool:
    """Whether the ticket's status says it already; what agents have closed is not made merely resolved again."""
    return status == expected or (expected in ("resolved", "closed") and status in ("closed", "cancelled"))


def category_of(boards: Boards, item: WorkItem) -> str:
    """The category of a work item's state; empty where its type does not know the state."""
    type = boards.work_item_type(item.project, item.type)
    return str(type.states.get(str(item.fields.get("System.State", "")), ""))


def _is_for_ticket(comment: WorkItemComment, link: Link) -> bool:
    """Whether the team marked a comment for the ticket, and the ticket has not heard it yet."""
    if f"comment:{comment.id}" in link.answered or discussion.is_copy(comment.html):
        return False
    text = plain(comment.html)
    return bool(FOR_AGENTS.search(text) or FOR_REQUESTER.search(text))
