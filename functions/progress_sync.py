"""Every hour: enumerate what is not in step and enqueue it. Nothing heavy happens here: one message per item."""

import logging

import azure.functions as func

from functions.product import services

log = logging.getLogger(__name__)

progress = func.Blueprint()


@progress.function_name("progress_sync")
@progress.timer_trigger("timer", schedule="%PROGRESS_SCHEDULE%", run_on_startup=False, use_monitor=True)
def progress_sync(timer: func.TimerRequest) -> None:
    count = services().tickets.sweep()
    log.info("%d tickets are not in step and will be looked at%s", count, " (late)" if timer.past_due else "")
    for pair, found in services().pairs.upkeep.sweep().items():
        log.info("pair %s: %s", pair, f"{found} hints" if isinstance(found, int) else found)
    log.info("%d pairs hear of changes before the hour", services().pairs.subscriptions.mend())
