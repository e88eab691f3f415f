"""The configuration document: connections, teams, routes, triage and pairs, validated as a whole, every fault listed.

It is written as YAML, kept as rows, and read by every service through `Configuration`. Each fault has the path of the
value at fault and says what to fix. Secrets are named here, never written here.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.errors import Refused
from shared.faults import Fault, faults_of
from shared.model import FieldType, SideName, StateCategory, Team

AZURE_DEVOPS = "azure_devops"
PPM_KINDS = ("ppm_express", "redmine")
PPM_KINDS_WITH_WEBHOOKS = ("ppm_express",)  # Redmine has them in plugins only
# Where the app may call. What a deployment adds comes in as an argument, so that no configuration can have the app send
# its tokens, or anything, to an address inside the network it runs in.
SITES = (
    *("dev.azure.com", "*.visualstudio.com", "api-*.ppm.express"),
    *("*.atlassian.net", "*.freshservice.com", "*.service-now.com", "*.zendesk.com"),
)
NAME_IN_ADDRESS = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LONGEST_SECRET_NAME = 40  # Key Vault allows 127; every token Azure DevOps issues is longer than this
type Extend = Callable[[str, Mapping[str, str]], object]
type Law = Callable[["FieldMapping"], Iterable[Fault]]


def _url(value: str) -> str:
    if re.match(r"https://[^/\s@]+(/|$)|http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)", value):
        return value.rstrip("/")
    raise ValueError("write a full https:// address, without a user name or password")


def _secret_name(value: str) -> str:
    if len(value) > LONGEST_SECRET_NAME:
        raise ValueError("this looks like a token; put it in Key Vault and write the name of the secret here")
    if re.fullmatch(r"[0-9A-Za-z-]+", value):
        return value
    raise ValueError("write the name of a Key Vault secret: letters, digits and dashes")


def _name(value: str) -> str:
    if value.strip() in ("", ".", ".."):
        raise ValueError("write the name as it is shown there")
    return value


def _signed(value: str | None) -> str | None:
    if value is not None and "{body}" not in value:
        raise ValueError("say what is signed with {body} in it, and {timestamp} where the moment is signed too")
    return value


def _listed(value: object) -> object:
    """One name or a list of them."""
    return (value,) if isinstance(value, str) else value


def _end(value: object) -> object:
    """A field's key alone, or with what else there is to say of it."""
    return {"field": value} if isinstance(value, str) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{value}' is not a time zone: write one like Europe/Berlin") from None
    return value


Name = Annotated[str, AfterValidator(_name)]
Url = Annotated[str, AfterValidator(_url)]
SecretName = Annotated[str, AfterValidator(_secret_name)]
Secrets = Annotated[
    tuple[SecretName, ...], Field(min_length=1), BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])
]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
Audience = Literal["technical", "project"]
StatusCategory = Literal["open", "in_progress", "resolved", "closed", "cancelled"]
Priority = Annotated[int, Field(ge=1, le=4)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
Share = Annotated[float, Field(ge=0, le=1)]
Direction = Literal["both", "to_ppm", "to_boards"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Signature(_Model):
    """How the sender signs: the header with an HMAC, and the secrets it may be made with (two while one is renewed).

    Only `secret` is needed: what is left out is as the preset of the connection's kind says. `timestamp` is the header
    that carries the moment of signing; `signed` says what is signed, of `{timestamp}` and `{body}`.
    """

    secret: Secrets
    header: Header | None = None
    algorithm: Literal["sha256", "sha1"] | None = None
    encoding: Literal["hex", "base64"] | None = None
    prefix: str | None = None
    timestamp: Header | None = None
    signed: Annotated[str | None, AfterValidator(_signed)] = None


class Token(_Model):
    """A secret that the sender shows in a header, after `prefix` (`Bearer `)."""

    secret: Secrets
    header: Header = "authorization"
    prefix: str = ""


class Basic(_Model):
    """A user name and password that the sender shows (RFC 7617)."""

    user: str
    secret: Secrets


class Access(_Model):
    """An account of the product's own API, by which tickets are read back and answered.

    With `user`, `secret` holds the password or token of that user; without, a token that stands alone.
    """

    user: str | None = None
    secret: SecretName


class Status(_Model):
    """A status of the product, in its own value, and fields that it wants set with it."""

    status: str
    more: Mapping[str, str] = {}


class Answers(_Model):
    """What the board tells the ticket. `public` lets the requester see comments that are marked for them.

    `states` maps state categories to statuses of the product, before those of its preset; an empty text for "nothing".
    """

    work_item: bool = True
    state: bool = True
    comments: bool = True
    public: bool = False
    states: Mapping[StateCategory, str | Status] = {}


class AzureDevOpsConnection(_Model):
    """An Azure DevOps organisation. `pat` needs `secret`; `managed_identity` needs none."""

    kind: Literal["azure_devops"]
    url: Url
    authentication: Literal["pat", "managed_identity"] = "pat"
    secret: SecretName | None = None


class ItsmConnection(_Model):
    """A product that pushes tickets. `kind` names its preset; fields, statuses and priorities extend that preset.

    `fields` are JMESPath expressions over the ticket, by the name of the ticket field they find. The kind `auto` tells
    the product by the shape of what it sends.

    `url` is the product's own address, for links back to its tickets and for `access`. `signature`, `token` and `basic`
    are what a push must bring; `access` is what we need to read tickets back, and `answers` to write to them.
    """

    kind: str
    url: Url | None = None
    signature: Signature | None = None
    token: Token | None = None
    basic: Basic | None = None
    access: Access | None = None
    answers: Answers | None = None
    fields: Mapping[str, str] = {}
    statuses: Mapping[str, StatusCategory] = {}
    priorities: Mapping[str, Priority] = {}


class PpmConnection(_Model):
    """A PPM tool. `url` is that of its API: for PPM Express with the tenant, for Redmine the site's own.

    `secret` holds the token or API key.
    """

    kind: Literal["ppm_express", "redmine"]
    url: Url
    secret: SecretName


class TeamAudience(_Model):
    """Says that a team is not a technical one. Teams that are not listed are technical."""

    project: str
    team: str
    audience: Audience


class Destination(_Model):
    """Where a ticket goes and as what. `area` or `team` must be given; a team means its default area.

    `iteration` is a path, or `current` for the team's current iteration at the time of creation. `comments` says which
    of a ticket's comments are copied; without `confidential`, nothing that a confidential ticket says is.
    """

    project: Name
    team: Name | None = None
    area: Name | None = None
    type: Name
    iteration: Name | None = None
    parent: int | None = Field(default=None, gt=0)
    tags: tuple[str, ...] = ()
    priorities: Mapping[str, Priority] = {}
    comments: Literal["none", "public", "all"] = "public"
    confidential: bool = False


class Route(Destination):
    """The first route whose every condition holds takes the ticket.

    `when` maps a ticket field to a pattern or list of patterns: case does not matter, `*` and `?` are wildcards.
    """

    name: str
    connections: tuple[str, ...] | None = None
    when: Mapping[str, str | Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    audience: Audience = "technical"


class FieldEnd(_Model):
    """A field by its side's key. Its `type` is what the side says, unless told; so is the `format` of its values."""

    field: Name
    type: FieldType | None = None
    format: str | None = None


End = Annotated[FieldEnd, BeforeValidator(_end, json_schema_input_type=str | FieldEnd)]


class Words(_Model):
    """How each side says one thing. All words are understood, the first is the one that is written."""

    boards: Names = ()
    ppm: Names = ()


class Person(Words):
    """A person's mail addresses on each side, of which the first is the one that is written."""

    boards: Annotated[Names, Field(min_length=1)]
    ppm: Annotated[Names, Field(min_length=1)]


class FieldMapping(_Model):
    """An Azure DevOps field and a PPM field that say the same. `values` are their words, by what they mean."""

    name: Name
    boards: End
    ppm: End
    active: bool = True
    direction: Direction = "both"
    policy: Literal["boards", "ppm", "newest", "merge", "ask"] = "ask"
    values: Mapping[str, Words] = {}


class PairBoards(_Model):
    """`home` is the project where work items are made, the first unless told; `kinds` the work item type that each kind
    of PPM item becomes."""

    projects: Annotated[Names, Field(min_length=1)]
    home: str | None = None
    kinds: Mapping[str, str] = {}


class PairPpm(_Model):
    """`kinds` says what each work item type becomes, where the tool knows kinds (a tracker of Redmine)."""

    connection: str
    project: Name
    kinds: Mapping[str, str] = {}


class Hierarchy(_Model):
    active: bool = True
    direction: Direction = "both"
    policy: Literal["boards", "ppm", "ask"] = "boards"


class Limits(_Model):
    """How much at once is taken for a mistake until a person says otherwise: more than the number and the share."""

    deletions: Annotated[int, Field(ge=0)] = 5
    deletions_share: Share = 0.1
    changes: Annotated[int, Field(ge=0)] = 20
    changes_share: Share = 0.5


class Pair(_Model):
    """One PPM project with the Azure DevOps projects that it is kept in step with.

    `adopt` are the sides whose new items are copied to the other unasked. A pair that is not `continuous` writes what a
    person asks for and nothing by itself, which goes for new copies and deletions, too. `people` are persons whom the
    two sides know by different mail addresses; `zone` is where a moment becomes a date. Without `events` nobody is
    asked to tell of changes, and the hourly sweep alone finds them.
    """

    name: str
    boards: PairBoards
    ppm: PairPpm
    fields: tuple[FieldMapping, ...]
    hierarchy: Hierarchy = Hierarchy()
    deletes: Literal["bin", "unlink"] = "unlink"
    adopt: Annotated[
        tuple[SideName, ...], BeforeValidator(_listed, json_schema_input_type=SideName | tuple[SideName, ...])
    ] = ()
    limits: Limits = Limits()
    continuous: bool = True
    people: Mapping[str, Person] = {}
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    events: bool = True


class Configuration(_Model):
    connections: Mapping[str, AzureDevOpsConnection | PpmConnection | ItsmConnection]
    teams: tuple[TeamAudience, ...] = ()
    routes: tuple[Route, ...] = ()
    triage: Destination
    pairs: tuple[Pair, ...] = ()

    @property
    def boards(self) -> tuple[str, AzureDevOpsConnection]:
        """The one Azure DevOps organisation and its connection's name."""
        return next((n, c) for n, c in self.connections.items() if isinstance(c, AzureDevOpsConnection))

    @property
    def comments(self) -> str:
        """The most that any destination copies of comments: `none`, `public` or `all`."""
        copied = {destination.comments for _, destination in destinations(self)}
        return max(copied, key=("none", "public", "all").index)

    @property
    def projects(self) -> tuple[str, ...]:
        """Every Azure DevOps project that is spoken of, where tickets go first."""
        paired = (project for pair in self.pairs for project in pair.boards.projects)
        return tuple(dict.fromkeys((*(place.project for _, place in destinations(self)), *paired)))

    @property
    def itsm(self) -> dict[str, ItsmConnection]:
        return {name: c for name, c in self.connections.items() if isinstance(c, ItsmConnection)}

    @property
    def ppm(self) -> dict[str, PpmConnection]:
        return {name: c for name, c in self.connections.items() if isinstance(c, PpmConnection)}

    def pair(self, name: str) -> Pair | None:
        return next((pair for pair in self.pairs if pair.name == name), None)


def _lawful(mapping: FieldMapping) -> Iterable[Fault]:
    return ()


def parse(
    document: Any,
    itsm_kinds: Collection[str],
    extend: Extend,
    kinds_with_api: Collection[str] = (),
    *,
    hosts: Collection[str] = SITES,
    law: Law = _lawful,
) -> Configuration:
    """The configuration in `document`, or `Refused` (400) with every fault found.

    `itsm_kinds` are the presets there are, `kinds_with_api` those of products that we can read and answer; `extend`
    tries a preset with a connection's own fields. `hosts` are the patterns of those that may be called; `law` tells
    what is wrong with the value map of a field.
    """
    if not isinstance(document, Mapping):
        raise Refused(400, "the configuration is a mapping with connections, teams, routes, triage and pairs")
    connections, faults = _connections(document.get("connections"), itsm_kinds)
    try:
        configuration = Configuration.model_validate({**document, "connections": connections})
    except ValidationError as error:
        faults += faults_of(error)
    else:
        faults = faults or [
            *_cross_faults(configuration),
            *_field_faults(configuration, extend),
            *_access_faults(configuration, kinds_with_api),
            *_host_faults(configuration, hosts),
            *_pair_faults(configuration, law),
        ]
    if faults:
        raise Refused(400, f"the configuration has {len(faults)} fault(s) and was not taken", sorted(set(faults)))
    return configuration


def audience_faults(configuration: Configuration, teams: Mapping[str, Iterable[Team]]) -> list[Fault]:
    """Project-only routes into an area that a technical team owns. `teams` are the live ones, by project."""
    project_teams = {_team_key(t.project, t.team) for t in configuration.teams if t.audience == "project"}
    faults = []
    for index, route in enumerate(configuration.routes):
        if route.audience != "project":
            continue
        live = list(teams.get(route.project, ()))
        area = route.area or next(
            (t.default_area for t in live if t.name.casefold() == (route.team or "").casefold()), None
        )
        for team in live:
            if _team_key(team.project, team.name) not in project_teams and area and owns(team, area):
                fix = (
                    f"route '{route.name}' is for project teams only, but its area '{area}' belongs to the technical "
                    f"team '{team.name}'; choose another area, or list that team under teams with audience project"
                )
                faults.append((f"routes[{index}]", fix))
    return faults


def owns(team: Team, area: str) -> bool:
    """Whether work items in `area` show on the team's backlog."""
    wanted = area.casefold()
    return any(
        wanted == path.casefold() or (with_children and wanted.startswith(path.casefold() + "\\"))
        for path, with_children in team.areas
    )


def live_faults(configuration: Configuration, teams: Mapping[str, Iterable[Team] | None]) -> list[Fault]:
    """What only the organisation can tell: missing projects (None in `teams`), missing teams, audiences that mix."""
    faults = []
    for path, destination in destinations(configuration):
        live = teams.get(destination.project)
        if live is None:
            faults.append((f"{path}.project", f"there is no project '{destination.project}' in the organisation"))
            continue
        names = {team.name.casefold(): team for team in live}
        if destination.team and destination.team.casefold() not in names:
            known = ", ".join(sorted(team.name for team in names.values()))
            faults.append(
                (f"{path}.team", f"project '{destination.project}' has no team '{destination.team}': {known}")
            )
        elif destination.team and not destination.area and not names[destination.team.casefold()].default_area:
            faults.append((f"{path}.team", f"team '{destination.team}' has no default area; give the route an area"))
    return faults + audience_faults(configuration, {project: live or () for project, live in teams.items()})


def destinations(configuration: Configuration) -> list[tuple[str, Destination]]:
    """Every place where a ticket can go, with its path in the document."""
    routes = [(f"routes[{index}]", route) for index, route in enumerate(configuration.routes)]
    return [*routes, ("triage", configuration.triage)]


def _team_key(project: str, team: str) -> tuple[str, str]:
    return project.casefold(), team.casefold()


def _connections(given: Any, itsm_kinds: Collection[str]) -> tuple[Any, list[Fault]]:
    """Each connection as the model of its kind, so that its faults speak of that kind alone, and those faults."""
    if not isinstance(given, Mapping):
        return given, []
    models, faults = {}, []
    kinds = {name: c.get("kind") if isinstance(c, Mapping) else None for name, c in given.items()}
    for name, connection in given.items():
        if not isinstance(name, str) or not NAME_IN_ADDRESS.fullmatch(name):
            fix = (
                "name a connection with lower-case letters, digits and dashes, a number in quotes: it is in the address"
            )
            faults.append((f"connections.{name}", fix))
        if kinds[name] not in (None, AZURE_DEVOPS, *itsm_kinds, *PPM_KINDS):
            known = ", ".join([AZURE_DEVOPS, *sorted(itsm_kinds), *PPM_KINDS])
            faults.append((f"connections.{name}.kind", f"'{kinds[name]}' is not a known kind: {known}"))
        try:
            models[str(name)] = _model_of(kinds[name]).model_validate(connection)
        except ValidationError as error:
            faults += faults_of(error, "connections", name)
    if (count := list(kinds.values()).count(AZURE_DEVOPS)) != 1:
        fix = f"exactly one connection of kind {AZURE_DEVOPS} is needed, here are {count}"
        faults.append(("connections", fix))
    return models, faults


def _model_of(kind: object) -> type[_Model]:
    if kind == AZURE_DEVOPS:
        return AzureDevOpsConnection
    return PpmConnection if kind in PPM_KINDS else ItsmConnection


def _field_faults(configuration: Configuration, extend: Extend) -> Iterable[Fault]:
    for name, connection in configuration.itsm.items():
        for field, expression in connection.fields.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", field):
                fix = "name a field with small letters, digits and underscores"
                yield f"connections.{name}.fields.{field}", fix
            try:
                extend(connection.kind, {field: expression})
            except ValueError as error:
                yield f"connections.{name}.fields.{field}", str(error)


def _access_faults(configuration: Configuration, kinds_with_api: Collection[str]) -> Iterable[Fault]:
    for name, connection in configuration.itsm.items():
        path = f"connections.{name}"
        if connection.access and connection.kind not in kinds_with_api:
            known = ", ".join(sorted(kinds_with_api))
            yield (
                f"{path}.access",
                f"tickets of the kind '{connection.kind}' cannot be read back; only those of {known}",
            )
        if connection.access and not connection.url:
            yield f"{path}.url", "give the product's address: `access` reads tickets there"
        if connection.answers and not connection.access:
            yield f"{path}.access", "give an account of the product: `answers` writes to its tickets with it"
        if (
            (signature := connection.signature)
            and signature.timestamp
            and "{timestamp}" not in (signature.signed or "")
        ):
            yield f"{path}.signature.signed", "put {timestamp} into it, or the moment of signing proves nothing"
        if connection.token and connection.basic and connection.token.header.lower() == "authorization":
            yield f"{path}.token", "a request has one Authorization header: choose `token` or `basic`"


def _cross_faults(configuration: Configuration) -> Iterable[Fault]:
    name, organisation = configuration.boards
    if organisation.authentication == "pat" and not organisation.secret:
        yield f"connections.{name}.secret", "name the Key Vault secret that holds the personal access token"
    names = [route.name for route in configuration.routes]
    for index, route in enumerate(configuration.routes):
        if names.index(route.name) != index:
            yield f"routes[{index}].name", f"another route is called '{route.name}' already"
        for connection in route.connections or ():
            if connection not in configuration.itsm:
                known = ", ".join(configuration.itsm) or "none"
                yield f"routes[{index}].connections", f"there is no ITSM connection '{connection}': {known}"
    for path, destination in destinations(configuration):
        if not destination.area and not destination.team:
            yield path, "give an area or a team"
        for key in ("area", "iteration"):
            value = getattr(destination, key)
            if key == "iteration" and value == "current":
                continue
            if value and value.split("\\")[0].casefold() != destination.project.casefold():
                project = destination.project
                yield f"{path}.{key}", f"'{value}' is not in project '{project}': write {project}\\…"
        for tag in destination.tags:
            if not tag.strip() or re.search(r"[;,]", tag) or len(tag) > 400:
                yield f"{path}.tags", f"'{tag}' cannot be a tag: no comma, no semicolon, 1 to 400 characters"


def _host_faults(configuration: Configuration, hosts: Collection[str]) -> Iterable[Fault]:
    """Of an ITSM product that only pushes, the address is for links alone, and nothing is asked of it."""
    for name, connection in configuration.connections.items():
        called = not isinstance(connection, ItsmConnection) or connection.access
        if called and connection.url and not _allowed(connection.url, hosts):
            host = urlsplit(connection.url).hostname
            fix = f"'{host}' is not a host this app may call: {', '.join(hosts)}, and what ALLOWED_HOSTS adds"
            yield f"connections.{name}.url", fix


def _allowed(url: str, hosts: Collection[str]) -> bool:
    """What is not plainly a host name is none, whatever pattern it fits."""
    host = urlsplit(url).hostname or ""
    return bool(re.fullmatch(r"[a-z0-9.-]+", host)) and any(fnmatchcase(host, known.lower()) for known in hosts)


def _pair_faults(configuration: Configuration, law: Law) -> Iterable[Fault]:
    names = Counter(pair.name for pair in configuration.pairs)
    projects = Counter((pair.ppm.connection, pair.ppm.project.casefold()) for pair in configuration.pairs)
    for index, pair in enumerate(configuration.pairs):
        path = f"pairs[{index}]"
        if not NAME_IN_ADDRESS.fullmatch(pair.name):
            yield f"{path}.name", "name a pair with lower-case letters, digits and dashes: it is in the address"
        if names[pair.name] > 1:
            yield f"{path}.name", f"{names[pair.name]} pairs are called '{pair.name}'"
        if pair.ppm.connection not in configuration.ppm:
            known = ", ".join(configuration.ppm) or "none"
            yield f"{path}.ppm.connection", f"there is no PPM connection '{pair.ppm.connection}': {known}"
        if projects[pair.ppm.connection, pair.ppm.project.casefold()] > 1:
            yield f"{path}.ppm.project", f"'{pair.ppm.project}' is in another pair, too: name all projects in one"
        if pair.boards.home is not None and pair.boards.home not in pair.boards.projects:
            known = ", ".join(pair.boards.projects)
            yield f"{path}.boards.home", f"'{pair.boards.home}' is not one of the pair's projects: {known}"
        yield from _mapping_faults(f"{path}.fields", pair.fields, law)


def _mapping_faults(path: str, mappings: Collection[FieldMapping], law: Law) -> Iterable[Fault]:
    names = Counter(mapping.name for mapping in mappings)
    for index, mapping in enumerate(mappings):
        if names[mapping.name] > 1:
            yield f"{path}[{index}].name", f"{names[mapping.name]} fields are called '{mapping.name}'"
        broken = [*_ambiguous(mapping), *law(mapping)] if mapping.active else []
        yield from ((f"{path}[{index}].{where}", fault) for where, fault in broken)


def _ambiguous(mapping: FieldMapping) -> Iterable[Fault]:
    for side in SideName:
        words = Counter(word.casefold() for meant in mapping.values.values() for word in getattr(meant, side))
        yield from (
            ("values", f"{side} says '{word}' for {n} things: one at most") for word, n in words.items() if n > 1
        )
