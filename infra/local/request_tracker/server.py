"""Request Tracker from Debian's packages on SQLite, all its data in one folder, and the few calls of its REST 2 API
that a test or a demonstration needs.

Apart from the simulators because nothing here is simulated: it needs the packages request-tracker5, rt5-db-sqlite and
rt5-standalone.
"""

import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import requests

from infra.local.running import RunningProcess

HERE = Path(__file__).parent
PROGRAM = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = "/usr/sbin/rt-setup-database-5"
SHREDDER = "/usr/sbin/rt-shredder-5"
ADMINISTRATOR = ("root", "password")  # as every new RT has it
TIMEOUT_SECONDS = 30


class RequestTracker:
    """One Request Tracker on a loopback port, its tickets kept in `directory` from start to start.

    A context manager: it is stopped on the way out. Calls raise `requests.HTTPError` where RT refuses.
    """

    def __init__(self, port: int, directory: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._directory = directory.resolve()
        self._process: RunningProcess | None = None
        self._http = requests.Session()
        self._http.auth = ADMINISTRATOR

    @staticmethod
    def is_installed() -> bool:
        return PROGRAM.exists()

    def start(self, webhook_url: str, secret: str, *, clock: Path | None = None) -> Self:
        """Serve, and push every change of a ticket to `webhook_url`, signed with `secret`; returns once it answers.

        `clock` is a file that holds the time to believe in, in Unix seconds.
        """
        if not self.is_installed():
            raise RuntimeError("Request Tracker is not installed: `make test-real` installs it on Debian and Ubuntu")
        environment = self._environment("rt.db") | {
            "REQUEST_TRACKER_WEBHOOK": webhook_url,
            "REQUEST_TRACKER_SECRET": secret,
        }
        if clock:
            environment |= {"REQUEST_TRACKER_CLOCK": str(clock), "PERL5OPT": f"-I{HERE} -MStandingClock"}
        self._initialise()
        self._process = RunningProcess(
            [
                *(str(PROGRAM), "--host", "127.0.0.1", "--port", str(self._port)),
                *("--max-workers", "2", "--env", "development"),  # only as `development` does it say when it is ready
            ],
            ready="Accepting connections at",
            environment=environment,
        )
        return self

    def stop(self) -> None:
        if self._process:
            self._process.stop()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What RT has said since it was started: warnings, and pushes that failed."""
        return self._process.log if self._process else ""

    def create_ticket(
        self,
        subject: str,
        *,
        content: str = "",
        content_type: str = "text/plain",
        requestor: str = "ann@example.com",
        priority: int = 10,
        queue: str = "General",
    ) -> int:
        """The new ticket's number."""
        ticket = {
            "Queue": queue,
            "Subject": subject,
            "Content": content,
            "ContentType": content_type,
            "Requestor": requestor,
            "Priority": priority,
        }
        return int(self._call("POST", "ticket", json=ticket)["id"])

    def update(self, ticket: int, **fields: str | int) -> list[str]:
        """Set fields by RT's names, such as `Subject` or `Status`; what RT says of each, also of those it refused."""
        return self._call("PUT", f"ticket/{ticket}", json=fields)

    def comment(self, ticket: int, text: str) -> None:
        """A note for colleagues, which the requestor does not see."""
        self._write(ticket, "comment", text)

    def reply(self, ticket: int, text: str) -> None:
        """An answer to the requestor."""
        self._write(ticket, "correspond", text)

    def ticket(self, ticket: int) -> Mapping[str, Any]:
        """The ticket as RT shows it: `Subject`, `Status`, `LastUpdated`, …"""
        return self._call("GET", f"ticket/{ticket}")

    def comments(self, ticket: int) -> Iterator[tuple[str, bool]]:
        """What was said since the ticket was made, oldest first, and whether the requestor sees it."""
        history = self._call("GET", f"ticket/{ticket}/history", params={"fields": "Type,_hyperlinks", "per_page": 100})
        for transaction in history["items"]:
            if transaction["Type"] in ("Comment", "Correspond"):
                address = next(link["_url"] for link in transaction["_hyperlinks"] if link["ref"] == "attachment")
                text = self._call("GET", address.removeprefix(f"{self.url}/REST/2.0/"))["Content"]
                yield b64decode(text).decode(), transaction["Type"] == "Correspond"

    def set_time_zone(self, zone: str) -> None:
        """Make the administrator live in a time zone such as `Asia/Tokyo`."""
        self._call("PUT", f"user/{ADMINISTRATOR[0]}", json={"Timezone": zone})

    def shred(self, ticket: int) -> None:
        """Take the ticket out of the database, where a deleted one stays with the status `deleted`."""
        dump = self._directory / f"{ticket}.sql"
        self._run([SHREDDER, "--force", "--sqldump", str(dump), "--plugin", f"Tickets=query,id = {ticket}"], "rt.db")

    def _write(self, ticket: int, kind: str, text: str) -> None:
        self._call("POST", f"ticket/{ticket}/{kind}", data=text.encode(), headers={"Content-Type": "text/plain"})

    def _call(self, method: str, path: str, **request: Any) -> Any:
        response = self._http.request(method, f"{self.url}/REST/2.0/{path}", timeout=TIMEOUT_SECONDS, **request)
        response.raise_for_status()
        return response.json()

    def _initialise(self) -> None:
        """The database under its own name is always a whole one, with the Scrip that pushes."""
        database, unfinished = self._directory / "rt.db", self._directory / "unfinished.db"
        if database.exists():
            return
        for folder in ("mason", "sessions"):
            (self._directory / folder).mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        self._run([SETUP, "--action", "init", "--dba", "", "--dba-password", ""], unfinished.name)
        self._run(["perl", str(HERE / "webhook.pl")], unfinished.name)
        unfinished.rename(database)

    def _run(self, command: Sequence[str], database: str) -> None:
        environment = os.environ | self._environment(database)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")

    def _environment(self, database: str) -> dict[str, str]:
        return {
            "RT_SITE_CONFIG": str(HERE / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self._directory / "conf.d"),  # none: the machine's own RT stays out of it
            "REQUEST_TRACKER_FOLDER": str(self._directory),
            "REQUEST_TRACKER_DATABASE": database,
            "REQUEST_TRACKER_PORT": str(self._port),
        }
