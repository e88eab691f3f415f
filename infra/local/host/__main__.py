"""`python -m infra.local.host [APP_DIR] --port 7071`: run a Functions app on this machine."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from infra.local.host.host import Options, serve
from infra.local.host.settings import Refusal
from infra.local.serving import PortTaken


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.host", description="Run a Functions app on this machine."
    )
    parser.add_argument("app_directory", nargs="?", type=_directory, default=".", metavar="APP_DIR", help="default: .")
    parser.add_argument("--address", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=7071, help="default: %(default)s; 0 takes a free one")
    parser.add_argument("--key", default="local-key", help="function and master key; default: %(default)s")
    parser.add_argument(
        "--message-lease-seconds",
        type=int,
        default=600,
        help="how long a running message stays invisible after its host died; default: %(default)s, as in Azure",
    )
    given = parser.parse_args()
    _log_for_people()
    try:
        asyncio.run(serve(Options(**vars(given))))
    except (Refusal, PortTaken) as refusal:
        print(f"This app cannot run: {refusal}", file=sys.stderr)
        return 1


def _directory(text: str) -> Path:
    return Path(text).resolve()


def _log_for_people() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S"
    )
    # What the worker and the Azure clients say of every call says nothing about the app.
    for chatty in ("azure.functions", "azure.core", "azure.identity", "azure.storage", "uvicorn", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
