"""`python -m infra.local.request_tracker`: Request Tracker for a person to click in, pushing to a Boardbridge."""

import argparse
import contextlib
import signal
import threading
from pathlib import Path

from infra.local.request_tracker.server import ADMINISTRATOR, RequestTracker


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.request_tracker", description=__doc__)
    parser.add_argument("--port", type=int, default=7083)
    parser.add_argument("--webhook", required=True, help="where to post each change of a ticket")
    parser.add_argument("--secret", required=True, help="what the posts are signed with")
    parser.add_argument("--directory", type=Path, default=Path(".cache/request-tracker"), help="where tickets are kept")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tracker = RequestTracker(given.port, given.directory)
    with contextlib.suppress(KeyboardInterrupt), tracker.start(given.webhook, given.secret):
        print(f"listening on {tracker.url}, sign in as {' / '.join(ADMINISTRATOR)}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
