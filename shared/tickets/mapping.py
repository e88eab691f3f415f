"""From the body that a product pushes to what it says of its tickets. Pure: no network, no clock, no settings.

What differs from product to product is written in `presets/*.toml` (see `preset`), as expressions (see `expressions`).
This module knows the rest, which is the same for all: that a key that is absent was not mentioned while null or an
empty text was cleared, what becomes of numbers, dates and comments, that each ticket of a batch has a fate of its own,
and how a body in which no ticket is found is refused so that its sender can put it right.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

from shared.errors import NoTicket, sentence
from shared.model import Comment, Push
from shared.tickets.notation import moment, text, whole_number
from shared.tickets.preset import AUTO, Preset, look_up, normal, recognisable

LONGEST_ID = 128  # an id becomes part of a table key; those of the products are 36 characters at most
LONGEST_COMMENT_ID = 64
LONGEST_COMMENT = 30_000  # characters; what is longer can be read in the product
DEEPEST = 100
MOST_KEYS_NAMED = 20
COMMENT = "comment:"  # followed by the comment's id, the name of a field that holds a `Comment` as JSON
UNFILLED = re.compile(r"\{\{|[$#]\{|\$\(|^\$.+")  # {{x}}, ${x}, #{x}, $(x), $x$
PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}|[$#]\{[^{}]*\}|\$\([^()]*\)")
YES = frozenset({"true", "1", "yes"})


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of a body beside the document: `headers` have lower-case names, `base_url` is the product's own."""

    headers: Mapping[str, str]
    received_at: datetime
    body_hash: str
    base_url: str = ""


def understand(document: Any, preset: Preset, sender: Sender) -> list[Push | NoTicket]:
    """What `document` says of each of its tickets, or why there is none in that place; at least one of either.

    The tickets of a batch are taken in their order. A product that is to be told by its shape (`auto`) is made part of
    the ticket's id, because the ids of two products may be the same.
    """
    try:
        document = _cleared(document)
        known = recognise(document, sender.headers, preset) if preset.kind == AUTO else preset
        tickets = list(_tickets(document, known))
    except NoTicket as nothing:
        return [nothing]
    found = []
    for number, ticket in enumerate(tickets):
        each = (
            sender
            if len(tickets) == 1
            else replace(
                sender,
                received_at=sender.received_at + timedelta(microseconds=number),
                body_hash=hashlib.sha256(json.dumps(ticket, sort_keys=True).encode()).hexdigest(),
            )
        )
        try:
            push = _push(ticket, document, known, each)
        except NoTicket as nothing:
            where = "" if len(tickets) == 1 else f"ticket {number + 1} of {len(tickets)}: "
            found.append(NoTicket(where + nothing.reason, nothing.faults))
            continue
        if preset.kind == AUTO:
            told = {**push.fields, "product": known.kind}
            if merged := told.get("merged_into"):
                told["merged_into"] = f"{known.family}:{merged}"
            push = replace(push, ticket_id=f"{known.family}:{push.ticket_id}", fields=told)
        found.append(push)
    return found


def the_ticket(document: Any, preset: Preset, sender: Sender) -> Push:
    """What `document` says of its one ticket. Raises `NoTicket` if there is none, or more than one."""
    found, *more = understand(document, preset, sender)
    if more:
        _refuse(preset, "ticket", f"here are {1 + len(more)} tickets; send one")
    if isinstance(found, NoTicket):
        raise found
    return found


def recognise(document: Any, headers: Mapping[str, str], own: Preset) -> Preset:
    """The preset of the product that sends such bodies, with a connection's `own` words before its.

    A preset that extends another is taken before it. Raises `NoTicket` with what was looked for.
    """
    scope = {**(document if isinstance(document, dict) else {}), "document": document, "headers": dict(headers)}
    lacking = [
        (each, [f"{name}: `{at}`" for name, at in each.recognise.items() if not _is_there(at.find(scope))])
        for each in recognisable()
    ]
    fitting = [each for each, lacks in lacking if not lacks]
    most = max((len(each.recognise) for each in fitting), default=0)
    match [each for each in fitting if len(each.recognise) == most]:
        case [known]:
            return replace(
                known,
                about={**known.about, **own.about},
                fields={**known.fields, **own.fields},
                statuses=(*own.statuses, *known.statuses),
                priorities=(*own.priorities, *known.priorities),
            )
        case []:
            faults = [(each.kind, f"lacks {', '.join(lacks)}") for each, lacks in lacking]
            raise NoTicket(f"no product that we know sends this; {_seen(document)}", faults)
        case several:
            faults = [(each.kind, "everything that tells it is there") for each in several]
            raise NoTicket("more than one product could have sent this; give the connection its kind", faults)


def comments_of(fields: Mapping[str, str]) -> list[Comment]:
    """The comments among a ticket's fields, oldest first."""
    found = [Comment(**json.loads(value)) for name, value in fields.items() if name.startswith(COMMENT) and value]
    return sorted(found, key=lambda comment: (moment(comment.at) is None, moment(comment.at), comment.id))


def without_comments(push: Push, *, only_internal: bool) -> Push:
    """The push as it may be kept where nobody wants comments, or internal ones.

    That a comment is internal now is kept, without its words: it may have been public before.
    """
    kept = {name: value for name, value in push.fields.items() if not name.startswith(COMMENT)}
    for comment in comments_of(push.fields) if only_internal else ():
        told = comment if comment.public else replace(comment, body="", author="")
        kept |= _as_field(told)
    return replace(push, fields=kept)


def _as_field(comment: Comment) -> dict[str, str]:
    return {f"{COMMENT}{comment.id}": json.dumps(asdict(comment), ensure_ascii=False)}


def _push(ticket: Any, document: Any, preset: Preset, sender: Sender) -> Push:
    if not isinstance(ticket, dict):
        _refuse(preset, "ticket", f"looked at `{preset.about['ticket']}`, found no object; {_seen(document)}")
    around = {"document": document, "headers": dict(sender.headers), "base_url": sender.base_url.rstrip("/")}
    kind = _kind(preset, {**ticket, **around})
    scope = {**ticket, **around, "kind": kind}
    fields = {name: found for name, at in preset.fields.items() if (found := _filled(at.find(scope))) is not None}
    if kind is not None:
        fields["kind"] = kind
    changed_at = text(preset.find("changed_at", scope))
    moved = moment(changed_at)
    if changed_at and moved is None:
        fields["changed_at_raw"] = sentence(changed_at)
    return Push(
        ticket_id=_ticket_id(ticket, scope, preset),
        received_at=sender.received_at,
        body_hash=sender.body_hash,
        fields=_settled(fields, scope, preset) | _comments(preset, scope, around),
        version=whole_number(preset.find("version", scope)),
        changed_at=moved,
        delivery_id=_filled(preset.find("delivery_id", scope)) or None,
        actor=_filled(preset.find("actor", scope)) or None,
    )


# ---------------------------------------------------------------- where the ticket is


def _tickets(document: Any, preset: Preset) -> Iterator[Any]:
    """Each ticket's own object: one, or those of a batch. An empty list is no ticket."""
    found = preset.about["ticket"].find(document)
    if isinstance(found, list) and found:
        yield from found
    else:
        yield found


def _ticket_id(ticket: Mapping[str, Any], scope: Mapping[str, Any], preset: Preset) -> str:
    found = preset.find("id", scope)
    place = preset.about["id"]
    identifier = text(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else None
    if not identifier:
        _refuse(preset, "id", f"looked at `{place}`, found no identifier; {_seen(ticket)}")
    if UNFILLED.search(identifier):
        _refuse(preset, "id", f"`{place}` is '{identifier}', a placeholder that the product did not fill in")
    if len(identifier) > LONGEST_ID:
        _refuse(preset, "id", f"`{place}` is longer than {LONGEST_ID} characters")
    return identifier


def _refuse(preset: Preset, name: str, fault: str) -> NoReturn:
    raise NoTicket(f"no {preset.kind} ticket in this body: {fault}", ((name, fault),))


def _seen(value: Any) -> str:
    if not isinstance(value, dict):
        return f"there is {'an empty list' if value == [] else 'a ' + type(value).__name__}"
    keys = ", ".join(sorted(value)[:MOST_KEYS_NAMED])
    return f"there are the keys {keys}" if keys else "the object is empty"


# ---------------------------------------------------------------- what its values mean


def _kind(preset: Preset, scope: Mapping[str, Any]) -> str | None:
    """The kind by the name that the product's tables have for it, where the preset knows that name."""
    kind = preset.fields["kind"].find(scope) if "kind" in preset.fields else None
    raw = text(kind)
    return raw if raw is None else preset.kinds.get(normal(raw), raw)


def _settled(fields: dict[str, str], scope: Mapping[str, Any], preset: Preset) -> dict[str, str]:
    """The fields with what follows from them, and without what must not be written."""
    kind = fields.get("kind", "")
    derived = (("status", "status_category", preset.statuses), ("priority", "priority_level", preset.priorities))
    for name, meaning, tables in derived:
        if fields.get(name) == "":
            fields[meaning] = ""
        elif name in fields:
            known = look_up(tables, kind, text(preset.find(f"{name}_key", scope)), fields[name])
            fields |= {meaning: str(known)} if known is not None else {}
    fields["title"] = " ".join(fields.get("title", "").split())
    unusable = {
        "title": not fields["title"],  # a work item needs one, so an empty title takes nothing away
        "body_format": "body" not in fields,
        "url": fields.get("url", "") != "" and not _is_web_address(fields["url"]),
    }
    return {name: value for name, value in fields.items() if not unusable.get(name, False)}


def _comments(preset: Preset, scope: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, str]:
    """The comments as fields, each by its id; without one, by what it says."""
    found = preset.comments["list"].find(scope) if "list" in preset.comments else None
    told = {}
    for each in found if isinstance(found, list) else [found]:
        if not isinstance(each, dict):
            continue
        within = {**each, **around, "ticket": scope}
        said = {name: text(at.find(within)) or "" for name, at in preset.comments.items() if name != "list"}
        body = said.get("body", "")
        if not body:
            continue
        id = said.get("id") or repr(sorted(said.items()))
        comment = Comment(
            id=id if len(id) <= LONGEST_COMMENT_ID else hashlib.sha256(id.encode()).hexdigest()[:16],
            body=body if len(body) <= LONGEST_COMMENT else body[: LONGEST_COMMENT - 1] + "…",
            format=said.get("format") or "text",
            author=said.get("author", ""),
            public=said.get("public", "").casefold() in YES,
            at=said.get("at", ""),
        )
        told |= _as_field(comment)
    return told


def _filled(value: Any) -> str | None:
    """The text of a value; None for a placeholder that the product did not fill in, which says nothing."""
    found = text(value)
    return None if found is None or PLACEHOLDER.fullmatch(found) else found


def _is_there(value: Any) -> bool:
    """Whether an expression of `recognise` holds: a key that is there but empty counts, `false` does not."""
    return value is not None and value is not False and value != []


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, url))


# ---------------------------------------------------------------- JSON as it is sent


def _cleared(value: Any, depth: int = 0) -> Any:
    """The document with "" for null: to JMESPath null is absence, but a product that writes null says "empty"."""
    if depth > DEEPEST:
        raise NoTicket("no ticket in this body", (("ticket", f"it is nested more than {DEEPEST} levels deep"),))
    match value:
        case None:
            return ""
        case dict():
            return {key: _cleared(item, depth + 1) for key, item in value.items()}
        case list():
            return [_cleared(item, depth + 1) for item in value]
    return value
