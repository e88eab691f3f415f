"""Who is who in Redmine: names, logins and mail addresses, as far as our user may see them.

Apart from the fields because it takes calls, and because what it finds may be kept for a while.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.connectors.rest import Rest, path
from shared.errors import NotFound, Park
from shared.ports import Clock

PAGE_SIZE = 100
USERS_KEPT_FOR = timedelta(minutes=10)
MEMBERS_KEPT_FOR = timedelta(minutes=1)


class People:
    """The people of one project."""

    def __init__(self, rest: Rest, project: str, clock: Clock) -> None:
        self._rest = rest
        self._project = project
        self._clock = clock
        self._kept: dict[str, tuple[datetime, Any]] = {}

    def address(self, id: str, name: str = "") -> str:
        """Mail address, else login, else name: groups, and who is hidden from our user, have nothing but a name."""
        mail, login = self._user(id)
        return mail or login or name or self._members().get(id) or f"#{id}"

    def id_of(self, address: str) -> str:
        """Of a member of the project, by any of these."""
        members = self._members()
        wanted = address.casefold()
        for id, name in members.items():
            if name.casefold() == wanted:
                return id
        for id in members:
            if wanted in (word.casefold() for word in self._user(id)):
                return id
        raise Park(
            f"Redmine: nobody of the project is called '{address}', by mail address, login or name;"
            " make them a member, and let our user see members and their mail addresses"
        )

    def _user(self, id: str) -> tuple[str, str]:
        return self._fresh(f"user {id}", USERS_KEPT_FOR, lambda: self._read_user(id))

    def _members(self) -> Mapping[str, str]:
        return self._fresh("members", MEMBERS_KEPT_FOR, lambda: dict(self._read_members()))

    def _fresh(self, key: str, kept_for: timedelta, read: Callable[[], Any]) -> Any:
        now = self._clock()
        at, value = self._kept.get(key, (None, None))
        if at is None or now - at > kept_for:
            value = read()
            self._kept[key] = (now, value)
        return value

    def _read_user(self, id: str) -> tuple[str, str]:
        try:
            user = self._rest.get(f"{path('users', id)}.json")["user"]
        except NotFound:  # a group, or somebody whom we may not see
            return "", ""
        return user.get("mail") or "", user.get("login") or ""

    def _read_members(self) -> Iterator[tuple[str, str]]:
        address, offset = f"{path('projects', self._project)}/memberships.json", 0
        while True:
            try:
                page = self._rest.get(address, limit=PAGE_SIZE, offset=offset)["memberships"]
            except Park:  # our user may not see who the members are
                return
            for membership in page:
                member = membership.get("user") or membership.get("group") or {}
                if member:
                    yield str(member["id"]), member["name"]
            if len(page) < PAGE_SIZE:
                return
            offset += PAGE_SIZE
