"""The story of the demo: tickets arrive from five products, and what becomes of each is told and checked.

Every chapter tells what happened in the words of a project manager and states what must be true; `Story.wrong` lists
what was not.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN, TOKEN_SECRET, Cloud
from infra.local.demo.telling import Teller
from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.products.base import Remark
from infra.local.products.zendesk import Zendesk

HERE = Path(__file__).parent
CONFIGURATION = HERE / "configuration.yaml"
RENEWED_TOKEN = "renewed-pat"


class Story(Teller):
    def __init__(
        self,
        cloud: Cloud,
        product: Product,
        board: Board,
        zendesk: Zendesk,
        ppm: RunningPpmExpress,
        signing_secret: str,
    ) -> None:
        super().__init__()
        self._cloud = cloud
        self._product = product
        self._board = board
        self._zendesk = zendesk
        self._ppm = ppm
        self._signing_secret = signing_secret
        self._arrived: dict[str, str] = {}

    def play(self) -> None:
        for chapter in (
            self.configuration,
            self.arrivals,
            self.repeats,
            self.changes,
            self.nobody,
            self.audiences,
            self.refusals,
            self.expired_token,
            self.both_ways,
            self.the_end,
        ):
            chapter()

    # ---------------------------------------------------------------- chapters

    def configuration(self) -> None:
        self._chapter("The rules: which ticket goes to which team")
        document = CONFIGURATION.read_text().replace("http://127.0.0.1:7081/contoso", self._cloud.azure_devops_url)
        document = document.replace("http://127.0.0.1:7084", self._zendesk.url)
        document = document.replace("http://127.0.0.1:7082/@contoso/v1.0", self._ppm.url)
        wrong = document.replace("    team: PMO\n    type: Task", "    area: Fabrikam\\Network\n    type: Task")
        refused = self._product.configure(wrong)
        self._must(refused.status_code == 400, "rules that mix audiences are refused")
        self._say("A rule that would put project-office tasks into a technical team's backlog is refused:")
        for fault in refused.json().get("faults", []):
            self._say(f"  {fault['path']}: {fault['fix']}")
        self._must(self._product.configure(document).ok, "the rules are taken")
        self._say("The corrected rules are in force.")

    def arrivals(self) -> None:
        self._chapter("Tickets arrive")
        self._arrive("servicenow", "servicenow-incident", area="Fabrikam\\Network", type="Bug")
        self._arrive("jira", "jira-issue-created", area="Tailwind\\Web", type="Product Backlog Item")
        self._arrive("request-tracker", "request-tracker-create", area="Fabrikam\\Service Desk", type="User Story")
        self._arrive("servicenow", "servicenow-change", area="Fabrikam\\Platform", type="User Story")

    def repeats(self) -> None:
        self._chapter("ServiceNow sends the same incident three more times; RT sends a forged one")
        before = self._board.everything()
        answers = {self._push("servicenow", "servicenow-incident").status_code for _ in range(3)}
        self._settle("servicenow-incident")
        self._must(answers == {202}, "repeats are answered 202 like the first")
        self._must(self._board.everything() == before, "repeats make no further work items")
        self._say("Answered 202 each time, and there is still one work item.")
        forged = self._product.push("request-tracker", payload("request-tracker-create"), secret="not the secret")
        self._must(forged.status_code == 401, "a forged signature is refused")
        self._say(f"The forged push is refused: {forged.json()['detail']}.")

    def changes(self) -> None:
        self._chapter("The ticket and the board both move on")
        id = self._work_item_id("servicenow-incident")
        self._board.edit(id, Title="[Dublin] VPN gateway drops", Tags="itsm; on-call")
        self._say(f"The network team renames work item {id} on its board and tags it on-call.")
        self._push("servicenow", "servicenow-incident-in-progress")
        fields = self._settle("servicenow-incident", version="2")
        self._must(fields["System.State"] == "Active", "the state follows the ticket")
        self._must(fields["System.Title"] == "[Dublin] VPN gateway drops", "the team's title stays")
        self._must(set(fields["System.Tags"].split("; ")) == {"itsm", "on-call"}, "the team's tag stays")
        self._say("ServiceNow puts the incident in progress: the work item becomes Active, the team's title stays.")
        self._push("servicenow", "servicenow-incident-renamed")
        fields = self._settle("servicenow-incident", version="3")
        self._must(fields["System.Title"].endswith("(firmware 7.2)"), "a title changed in the ticket is written")
        self._must(fields["Microsoft.VSTS.Common.Priority"] == 2, "the priority follows the ticket")
        self._say("Then its title and priority change in ServiceNow: both are written to the board.")
        self._push("servicenow", "servicenow-incident")
        fields = self._settle("servicenow-incident", version="3")
        self._must(fields["System.Title"].endswith("(firmware 7.2)"), "an older version changes nothing")
        self._say("An old message of the incident arrives late: it changes nothing.")
        self._push("jira", "jira-issue-resolved")
        self._push("jira", "jira-comment-created")
        fields = self._settle("jira-issue-created", where=lambda fields: fields["System.State"] == "Done")
        self._must("sign in" in fields["System.Description"], "a comment does not touch the description")
        self._say("Jira resolves its issue, and an older comment comes after: the item is Done, its text untouched.")

    def nobody(self) -> None:
        self._chapter("A ticket that no rule wants, and the question why")
        self._arrive("servicenow", "servicenow-nobody", area="Fabrikam\\Triage", type="User Story")
        answer = self._product.explain("servicenow", payload("servicenow-nobody")).json()
        self._must(answer["route"] == "triage", "explain names the triage")
        for passed in answer["passed_over"]:
            self._say(f"  not '{passed['route']}': {passed['why']}")

    def audiences(self) -> None:
        self._chapter("A task of the project office stays out of technical backlogs")
        self._arrive("generic", "generic-project-task", area="Fabrikam\\PMO", type="Task")
        description = self._fields("generic-project-task").get("System.Description", "")
        self._must("steal" not in description and "<b>Thursday</b>" in description, "the description is made safe")
        self._say("Its HTML was cleaned: the script that came with it is gone.")

    def refusals(self) -> None:
        self._chapter("What cannot be taken says why, and is not lost")
        unknown = self._push("servicenow", "servicenow-catalogue-answer")
        self._must(unknown.status_code == 422, "a body without a ticket is answered 422")
        self._say(f"422: {unknown.json()['detail']}.")
        broken = self._product.push("servicenow", b'{"result": {"number": ')
        self._must(broken.status_code == 400, "broken JSON is answered 400")
        self._say(f"400: {broken.json()['detail']}.")
        self._cloud.control.rules(require=[{"type": "Bug", "field": "System.AssignedTo"}])
        self._push("generic", "generic-refused")
        parked = self._product.settled(self._arrived["generic-refused"], "parked")
        self._say(f"Fabrikam's process refuses a ticket, so it is parked: {parked['reason']}")
        self._cloud.control.rules()
        self._product.look_again(self._arrived["generic-refused"])
        self._settle("generic-refused")
        self._say("The process is mended, an operator asks to look again, and the ticket is on the board.")

    def expired_token(self) -> None:
        self._chapter("The token expires, and is renewed")
        self._cloud.control.token(state="expired")
        body = {"id": "OPS-9", "title": "Rotate the backup tapes", "team": "Network", "status": "open", "version": 1}
        status = self._product.push("generic", body).json()["status_url"]
        self._arrived["OPS-9"] = status
        waiting = self._product.settled(status, "waiting")
        self._say(f"A ticket is accepted all the same, and waits: {waiting['reason']}")
        self._cloud.control.token(value=RENEWED_TOKEN)
        self._cloud.key_vault.rotate(TOKEN_SECRET, RENEWED_TOKEN)
        self._board.use_token(RENEWED_TOKEN)
        self._settle("OPS-9")
        self._say("The token is renewed in Key Vault. Without a restart, the ticket reaches the board.")
        # Whoever looks around afterwards finds the usual token, which works beside the renewed one.
        self._cloud.control.token(also=TOKEN)
        self._cloud.key_vault.rotate(TOKEN_SECRET, TOKEN)
        self._board.use_token(TOKEN)

    def both_ways(self) -> None:
        self._chapter("The ticket is read back, and hears from the team")
        ticket = self._zendesk.create_ticket("The Wi-Fi in meeting room 3 is slow", "Calls break off since Monday.")
        self._say("Zendesk pushes a ticket's number and no more, unsigned. The ticket itself is read from Zendesk.")
        self._arrive("zendesk", "zendesk-ticket", area="Fabrikam\\Service Desk", type="User Story")
        id = self._work_item_id("zendesk-ticket")
        [introduction] = self._heard(ticket, 1)
        self._must(not introduction.public, "only agents are told of the work item")
        self._say(f"Its agents, but not its requester, read there: {introduction.text}")

        self._board.edit(id, State="Active")
        self._board.comment(id, "#requester We moved the access point. Is it better now?")
        self._board.comment(id, "#ticket Room 4 has the same old model.")
        self._board.comment(id, "Who has the ladder?")
        self._product.strike_the_hour()
        _, *heard = self._heard(ticket, 3)
        wait_for(lambda: self._zendesk.ticket(ticket)["status"], lambda status: status == "open", "open in Zendesk")
        self._must([remark.public for remark in heard] == [True, False], "each comment has the audience it was given")
        self._say(f"The team takes up work item {id} and writes three comments, two of them marked for the ticket.")
        self._say("The hourly look finds that (a service hook would tell at once). The ticket is now open, and says:")
        for remark in heard:
            self._say(f"  to {'the requester' if remark.public else 'agents only'}: {' '.join(remark.text.split())}")

        self._zendesk.update(ticket, status="solved")
        self._push("zendesk", "zendesk-ticket")
        self._settle("zendesk-ticket", where=lambda fields: fields["System.State"] == "Closed")
        self._must(len(self._board.comments(id)) == 3, "what the board said does not come back to it")
        self._must(len(self._heard(ticket, 3)) == 3, "nothing is said twice")
        self._say("An agent solves the ticket: the work item is Closed. Nothing was said twice, nothing came back.")

    def the_end(self) -> None:
        self._chapter("Where everything is now")
        width = max(len(name) for name in self._arrived)
        for name, status in self._arrived.items():
            ticket = self._product.ticket(status)
            self._must(ticket["state"] == "synced", f"{name} is in step, not {ticket['state']}: {ticket['reason']}")
            id = ticket["work_item"]["id"] if ticket["work_item"] else None
            state = self._board.work_item(id)["fields"]["System.State"] if id else "-"
            self._say(f"  {name:{width}}  #{id:<3} {state:9} {ticket['team'] or 'triage':13} route '{ticket['route']}'")
        items = self._board.everything()
        self._must(len(items) == len(self._arrived), f"{len(self._arrived)} tickets made {len(items)} work items")
        self._say(f"{len(self._arrived)} tickets, {len(items)} work items.")

    # ---------------------------------------------------------------- telling and checking

    def _arrive(self, connection: str, name: str, *, area: str, type: str) -> None:
        """Push a new ticket, wait for its work item, and tell where it went and why."""
        self._push(connection, name)
        fields = self._settle(name)
        ticket = self._product.ticket(self._arrived[name])
        self._must(fields["System.AreaPath"] == area, f"{name} is in {area}")
        self._must(fields["System.WorkItemType"] == type, f"{name} is a {type}")
        self._say(f'{connection} sends {ticket["number"] or ticket["ticket"]} "{ticket["title"]}"')
        self._say(
            f"  -> {fields['System.WorkItemType']} #{ticket['work_item']['id']} in {area}, "
            f"by rule '{ticket['route']}': {ticket['why']}"
        )

    def _push(self, connection: str, name: str) -> requests.Response:
        secret = self._signing_secret if connection == "request-tracker" else None
        response = self._product.push(connection, payload(name), secret=secret)
        if response.status_code == 202:
            status = response.json()["status_url"]
            if status not in self._arrived.values():
                self._arrived[name] = status
        return response

    def _settle(
        self, name: str, version: str | None = None, where: Callable[[dict[str, Any]], bool] = lambda fields: True
    ) -> dict[str, Any]:
        """The work item's fields once the ticket is in step, at `version` if given."""
        wait_for(
            lambda: self._product.ticket(self._arrived[name]),
            lambda ticket: (
                ticket["state"] == "synced"
                and version in (None, ticket["version_applied"])
                and where(self._fields(name))
            ),
            f"{name} in step" + (f" at version {version}" if version else ""),
        )
        return self._fields(name)

    def _heard(self, ticket: str, count: int) -> list[Remark]:
        """What Boardbridge wrote on a ticket in Zendesk, once it is so much."""

        def heard() -> list[Remark]:
            return [remark for remark in self._zendesk.comments(ticket) if remark.text.startswith("[azure-devops:")]

        wait_for(lambda: len(heard()), lambda seen: seen >= count, f"{count} comments in Zendesk")
        return heard()

    def _fields(self, name: str) -> dict[str, Any]:
        return self._board.work_item(self._work_item_id(name))["fields"]

    def _work_item_id(self, name: str) -> int:
        return self._product.ticket(self._arrived[name])["work_item"]["id"]


def payload(name: str) -> bytes:
    """What a product sends, from the folder `payloads`."""
    return (HERE / "payloads" / f"{name}.json").read_bytes()
