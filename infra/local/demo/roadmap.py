"""The second story of the demo: a plan in PPM Express and the board of its teams stay one, from both sides."""

import time
from typing import Any

import requests

from infra.local.clients import Board, Product, wait_for
from infra.local.demo.telling import Teller
from infra.local.ppm_express.running import RunningPpmExpress

PAIR = "web-shop"
QUIET_SECONDS = 1.5
LEVELS = {"Epic": ["Web shop"], "Feature": ["Basket", "Checkout"], "User Story": ["Gift vouchers"]}


class Roadmap(Teller):
    def __init__(self, product: Product, board: Board, ppm: RunningPpmExpress) -> None:
        super().__init__()
        self._product = product
        self._board = board
        self._ppm = ppm
        self._tasks: dict[str, str] = {}

    def play(self) -> None:
        for chapter in (self.the_plan, self.both_sides_work, self.a_conflict, self.taken_back, self.quiet):
            chapter()

    # ---------------------------------------------------------------- chapters

    def the_plan(self) -> None:
        self._chapter("A plan of the project office goes to the board")
        shop = self._plan("Web shop")
        basket, checkout = self._plan("Basket", shop), self._plan("Checkout", shop)
        self._plan("Gift vouchers", basket)
        self._say("In PPM Express there is a plan: a web shop, with a basket (and gift vouchers below) and a checkout.")
        chosen = {"Epic": [shop], "Feature": [basket, checkout], "User Story": [self._tasks["Gift vouchers"]]}
        first = self._post("create?dry_run=true", {"side": "ppm", "items": [shop], "type": "Epic"})
        self._say(f"Asked first, Boardbridge says what it would make: {_made(first['items'][0])}. Now all of it:")
        for type, tasks in chosen.items():
            self._post("create", {"side": "ppm", "items": tasks, "type": type})
        for titles in LEVELS.values():
            for title in titles:
                self._linked(title)
        self._until(lambda: self._row("Gift vouchers")["hierarchy"]["mismatch"], False, "all in their places")
        self._tell_tree()
        self._must(self._above("Gift vouchers") == "Basket", "gift vouchers stand under the basket on the board")
        self._must(self._above("Checkout") == "Web shop", "the checkout stands under the web shop on the board")

    def both_sides_work(self) -> None:
        self._chapter("A rename on the board, a move in the plan")
        self._board.edit(self._id("Basket"), Title="Shopping basket")
        self._ppm.control.move(self._tasks["Gift vouchers"], self._tasks["Checkout"])
        self._say("A developer renames the basket; the project manager moves the vouchers under the checkout.")
        for row in self._get("items", changed="true")["items"]:
            self._say(f"  seen before the hour: {_changes(row)}")
        self._product.strike_the_hour()
        self._until(lambda: self._row("Basket")["fields"][0]["ppm"], "Shopping basket", "renamed in the plan")
        self._until(lambda: self._above("Gift vouchers"), "Checkout", "moved on the board")
        self._say("The hour strikes, and each side has the other's word:")
        self._tell_tree()

    def a_conflict(self) -> None:
        self._chapter("Both rename the same thing: a person decides")
        self._board.edit(self._id("Checkout"), Title="Checkout and payment", Description="<div>Cards first.</div>")
        self._ppm.control.edit(self._tasks["Checkout"], {"Name": "Paying"})
        self._product.strike_the_hour()
        self._until(lambda: len(self._row("Checkout")["conflicts"]), 1, "a conflict that waits")
        row = self._row("Checkout")
        [conflict] = row["conflicts"]
        values = conflict["values"]
        self._say(f'The board says "{values["boards"]}", the plan says "{values["ppm"]}": {conflict["why"]}.')
        notes = next(field for field in row["fields"] if field["name"] == "notes")
        self._must("Cards first." in str(notes["ppm"]), "what is not in conflict goes on")
        self._say("Nothing is overwritten meanwhile, and the other fields go on: the plan has the new description.")
        plan = self._plan_for("Checkout", "to_boards", ["title"])
        [write] = plan["items"][0]["fields"]
        self._say(
            f'The project manager wants the word of the plan: "{write["writes"]["boards"]}" to the board. Applied:'
        )
        self._apply(plan)
        self._must(self._title("Checkout") == "Paying", "the board has the chosen title")
        self._must(not self._row("Checkout")["conflicts"], "the conflict is closed")
        [told] = self._get("history", plan=plan["id"])["writes"]
        self._say(f'  history: {told["side"]} #{told["item"]} {told["field"]}: "{told["from"]}" -> "{told["to"]}"')

    def taken_back(self) -> None:
        self._chapter("A mistake is taken back")
        plan = self._plan_for("Checkout", "to_ppm", ["title"])
        self._must(plan["counts"]["writes"] == 0, "both say the same by now")
        self._ppm.control.edit(self._tasks["Web shop"], {"Name": "Webshop 2"})
        plan = self._plan_for("Web shop", "to_boards", ["title"])
        self._apply(plan)
        self._must(self._title("Web shop") == "Webshop 2", "the plan was applied")
        undone = self._post(f"plans/{plan['id']}/undo", {})
        self._applied(undone)
        self._must(self._title("Web shop") == "Web shop", "the plan was taken back")
        self._say('The plan\'s new name went to the board, and back again at one call: the board says "Web shop".')
        self._say("The two are now agreed to differ, until somebody edits one of them.")

    def quiet(self) -> None:
        self._chapter("Nothing changed: nothing is written")
        self._hour()
        revisions = self._revisions()
        self._ppm.control.forget_requests()
        self._hour()
        written = [asked for asked in self._ppm.control.requests() if asked.startswith(("POST", "PATCH"))]
        self._must(not written and self._revisions() == revisions, "a second look writes nothing")
        self._say("The next hour looks at both sides, and writes nothing at all.")

    # ---------------------------------------------------------------- looking and doing

    def _plan(self, name: str, parent: str | None = None) -> str:
        """A task that the project office makes."""
        task = self._tasks[name] = self._ppm.control.create({"Name": name})
        if parent is not None:
            self._ppm.control.move(task, parent)
        return task

    def _plan_for(self, name: str, direction: str, fields: list[str]) -> dict[str, Any]:
        items = [f"ppm:{self._tasks[name]}"]
        return self._post("plans", {"direction": direction, "what": "values", "items": items, "fields": fields})

    def _apply(self, plan: dict[str, Any]) -> None:
        self._applied(self._post(f"plans/{plan['id']}/apply", {}))

    def _applied(self, plan: dict[str, Any]) -> None:
        self._until(lambda: self._get(f"plans/{plan['id']}")["outcomes"], {"updated": 1}, "applied")

    def _linked(self, name: str) -> None:
        def state() -> tuple[str, bool]:
            row = self._row(name)
            return row["state"], row["under_way"]

        self._until(state, ("synced", False), f"{name} on the board")

    def _row(self, name: str) -> dict[str, Any]:
        [row] = self._get("items", id=self._tasks[name])["items"]
        return row

    def _id(self, name: str) -> int:
        return int(self._row(name)["boards"]["id"])

    def _title(self, name: str) -> str:
        return self._board.work_item(self._id(name))["fields"]["System.Title"]

    def _above(self, name: str) -> str | None:
        """The task whose work item is the parent of this one's."""
        parent = self._board.work_item(self._id(name))["fields"].get("System.Parent")
        return next((other for other in self._tasks if parent == self._id(other)), None)

    def _revisions(self) -> dict[str, int]:
        return {name: self._board.work_item(self._id(name))["rev"] for name in self._tasks}

    def _hour(self) -> None:
        """The hour strikes, and all that follows from it is done: PPM Express was asked, and is asked no more."""
        before = len(self._ppm.control.requests())
        self._product.strike_the_hour()
        self._until(lambda: len(self._ppm.control.requests()) > before, True, "another look at the plan")
        asked = -1
        while asked != (asked := len(self._ppm.control.requests())):
            time.sleep(QUIET_SECONDS)

    def _tell_tree(self, parent: str | None = None, indent: str = "  ") -> None:
        for name in self._tasks:
            if self._above(name) == parent:
                item = self._board.work_item(self._id(name))
                kind, title = (item["fields"][f"System.{key}"] for key in ("WorkItemType", "Title"))
                self._say(f"{indent}{kind} #{item['id']} {title}")
                self._tell_tree(name, indent + "  ")

    def _until(self, look: Any, wanted: Any, what: str) -> None:
        wait_for(look, lambda seen: seen == wanted, what)

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        return self._answered(self._product.get(f"pairs/{PAIR}/{path}", **params))

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answered(self._product.post(f"pairs/{PAIR}/{path}", body))

    def _answered(self, answer: requests.Response) -> dict[str, Any]:
        if not answer.ok:
            raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.text}")
        return answer.json()


def _made(row: dict[str, Any]) -> str:
    fields = row["creates"]["fields"]
    return f'{row["creates"]["type"]} "{fields["System.Title"]}" in {row["creates"]["project"]}'


def _changes(row: dict[str, Any]) -> str:
    """What a row says of both sides, in words."""
    told = [f"{field['name']} on {' and '.join(field['changed'])}" for field in row["fields"] if field["changed"]]
    if row["hierarchy"] and row["hierarchy"]["changed"]:
        told.append(f"parent on {' and '.join(row['hierarchy']['changed'])}")
    return f"#{row['boards']['id']} changed: {', '.join(told)}"
