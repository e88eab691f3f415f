"""`python -m infra.local.redmine`: Redmine for a person to click in, with a project that a Boardbridge may work in."""

import argparse
import contextlib
import signal
import threading
from pathlib import Path

from infra.local.redmine.server import MEMBER_KEY, Redmine


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.redmine", description=__doc__)
    parser.add_argument("--port", type=int, default=7084)
    parser.add_argument("--directory", type=Path, default=Path(".cache/redmine"), help="where issues are kept")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    redmine = Redmine(given.port, given.directory)
    with contextlib.suppress(KeyboardInterrupt), redmine.start():
        project = redmine.create_project()
        print(f"listening on {redmine.url}, sign in as admin / admin", flush=True)
        print(f"a new project: {redmine.url}/projects/{project}, API key {MEMBER_KEY}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
