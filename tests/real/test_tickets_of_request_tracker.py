"""The first promise with a real ITSM product at one end: what happens in Request Tracker shows on the board."""

import pytest

from infra.local.clients import Board, Product, wait_for
from infra.local.cloud import TOKEN
from infra.local.request_tracker import RequestTracker
from tests.stories.conftest import QUICK, SIGNING_SECRET, configuration, started

pytestmark = pytest.mark.real


def test_a_tickets_life_shows_on_the_board_of_its_team(request_tracker: RequestTracker) -> None:
    with started(settings=QUICK) as cloud:
        product, board = Product(cloud.host.url, cloud.host.KEY), Board(cloud.azure_devops_url, TOKEN)
        assert product.configure(configuration(cloud)).ok
        request_tracker.start(f"{cloud.host.url}/api/itsm/rt?code={cloud.host.KEY}", SIGNING_SECRET)

        number = request_tracker.create_ticket("VPN down", content="Cannot connect\n<script>x()</script>", priority=80)
        status = f"{cloud.host.url}/api/tickets/rt/{number}"
        wait_for(lambda: product.get(f"tickets/rt/{number}").status_code, lambda code: code == 200, "known")
        id = product.settled(status, "synced")["work_item"]["id"]

        def shows(**wanted: object) -> dict:
            """The work item's fields once they show what is wanted."""
            return wait_for(
                lambda: board.work_item(id)["fields"],
                lambda fields: wanted.items() <= {name.split(".")[-1]: value for name, value in fields.items()}.items(),
                f"showing {wanted}",
            )

        created = shows(Title="VPN down", State="New", AreaPath="Fabrikam\\Service Desk")
        assert created["Microsoft.VSTS.TCM.ReproSteps"] == "Cannot connect<br>&lt;script&gt;x()&lt;/script&gt;"
        links = [relation["url"] for relation in board.work_item(id)["relations"]]
        assert f"{request_tracker.url}/Ticket/Display.html?id={number}" in links

        request_tracker.update(number, Subject="VPN für Zürich down ☕", Status="open")
        shows(Title="VPN für Zürich down ☕", State="Active")
        board.edit(id, Title="[Zürich] VPN")
        request_tracker.comment(number, "Between colleagues")
        request_tracker.reply(number, "Please try again")
        request_tracker.update(number, Status="resolved")
        resolved = shows(State="Resolved", Title="[Zürich] VPN")
        assert resolved["Microsoft.VSTS.TCM.ReproSteps"] == created["Microsoft.VSTS.TCM.ReproSteps"], (
            "talk is not the description"
        )
        assert board.everything() == [id]
        product.close()
        board.close()
