"""People and service accounts of the organisation, and how a value in a patch becomes one of them."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as work item fields hold it; everything else a client sees follows from these two."""

    display_name: str
    unique_name: str

    @property
    def id(self) -> str:
        return str(uuid5(NAMESPACE_URL, self.unique_name))

    @property
    def descriptor(self) -> str:
        return "aad." + b64encode(self.id.encode()).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.display_name} <{self.unique_name}>"


SERVICE = Identity("Boardbridge Service", "boardbridge@contoso.com")

EVERYONE = (
    SERVICE,
    Identity("Jamal Hartnett", "fabrikamfiber4@hotmail.com"),
    Identity("Norman Paulk", "fabrikamfiber16@hotmail.com"),
    Identity("Johnnie McLeod", "fabrikamfiber2@hotmail.com"),
    Identity("Chuck Reinhart", "fabrikamfiber3@hotmail.com"),
    Identity("Raisa Pokrovskaya", "fabrikamfiber5@hotmail.com"),
)


class Directory:
    """Finds people by what a client may write in an identity field."""

    def __init__(self, people: tuple[Identity, ...]) -> None:
        self.people = people
        self._by_word: dict[str, Identity] = {}
        for person in people:
            for word in (person.unique_name, str(person), person.display_name, person.descriptor):
                self._by_word.setdefault(word.casefold(), person)

    def find(self, word: str) -> Identity | None:
        return self._by_word.get(word.strip().casefold())

    def resolve(self, value: Any) -> Identity | None:
        """The person a patch value names; None for the empty person. Raises LookupError when it names nobody.

        A string may be the unique name, the display name or `Name <mail>`; an object needs `descriptor` or
        `uniqueName`. An object with only an `id` silently becomes the empty person, as the service does it.
        """
        if isinstance(value, dict):
            words = [value[key] for key in ("descriptor", "uniqueName") if value.get(key)]
            if not words:
                return None
            value = words[0]
        if value in (None, ""):
            return None
        person = self.find(str(value))
        if person is None:
            raise LookupError(str(value))
        return person
