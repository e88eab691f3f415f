"""One message, one item. What waits goes back to the queue with a delay; only the unforeseen costs an attempt."""

import logging

import azure.functions as func

from functions.product import services, wiring
from shared.model import Hint

log = logging.getLogger(__name__)

reconciliation = func.Blueprint()


@reconciliation.function_name("reconcile_item")
@reconciliation.queue_trigger("message", queue_name="reconcile", connection="AzureWebJobsStorage")
def reconcile_item(message: func.QueueMessage) -> None:
    told = wiring().decode_message(message.get_body().decode())
    if isinstance(told, Hint):
        log.info("%s/%s: %s", told.connection, told.ticket_id, services().tickets.handle(told))
    elif told.pair:
        log.info("%s/%s: %s", told.pair, told.link or told.item, services().pairs.upkeep.handle(told))
    else:
        log.info("%d pairs hear of changes", services().pairs.subscriptions.mend())
