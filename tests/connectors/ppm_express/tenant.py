"""The simulated tenant as the connector meets it."""

from infra.local.ppm_express.tenant import PROJECT
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from shared.model import Item, ItemDraft

MARKER = "https://bridge.example/links/boards%3A12?a=1&b=2"


def ppm_side(api: PpmExpressApi) -> PpmExpressSide:
    return PpmExpressSide(api, PROJECT)


def made(side: PpmExpressSide, **fields: object) -> Item:
    """A task of ours with these fields, and read back with all."""
    return side.create(ItemDraft(PROJECT, "Task", {"Name": "Calm printers", **fields}, MARKER), side.fields())
