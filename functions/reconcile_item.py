"""One message, one item. What waits goes back to the queue with a delay; only the unforeseen costs an attempt."""

import logging

import azure.functions as func

from functions.product import services, wiring

log = logging.getLogger(__name__)

reconciliation = func.Blueprint()


@reconciliation.function_name("reconcile_item")
@reconciliation.queue_trigger("message", queue_name="reconcile", connection="AzureWebJobsStorage")
def reconcile_item(message: func.QueueMessage) -> None:
    hint = wiring().decode_hint(message.get_body().decode())
    outcome = services().tickets.handle(hint)
    log.info("%s/%s: %s", hint.connection, hint.ticket_id, outcome)
