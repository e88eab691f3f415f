"""The tags of a project. A tag that is renamed or deleted changes in every item, without a revision."""

from typing import Any

from infra.local.azure_devops.boards.organisation import Project, guid
from infra.local.azure_devops.boards.organisation_refusals import duplicate_tag, missing_tag
from infra.local.azure_devops.boards.rules import split_tags
from infra.local.azure_devops.errors import bad_argument
from infra.local.azure_devops.routing import Answer, Call, Endpoints, Location

endpoints = Endpoints()

TAGS = Location(
    "bc15bc60-e7a8-43cb-ab01-2106be3983a1", "wit", "tags", "{project}/_apis/{area}/{resource}/{tagIdOrName}"
)


@endpoints("GET", TAGS, name="tags.list")
def list_tags(call: Call) -> dict[str, Any]:
    shown = [_json(call, word) for word in sorted(call.project.tags)]
    return {"count": len(shown), "value": shown}


@endpoints("GET", TAGS, "tagIdOrName", name="tags.get")
def get_tag(call: Call) -> dict[str, Any]:
    return _json(call, _find(call))


@endpoints("PATCH", TAGS, "tagIdOrName", name="tags.update")
def update_tag(call: Call) -> dict[str, Any]:
    project, word = call.project, _find(call)
    name = str(call.record.get("name") or "").strip()
    if not name or ";" in name or "," in name:
        raise bad_argument(f"'{name}' is not a name for a tag.")
    if name.casefold() != word and name.casefold() in project.tags:
        raise duplicate_tag(name)
    _replace(call, word, name)
    del project.tags[word]
    project.tags[name.casefold()] = name
    return _json(call, name.casefold())


@endpoints("DELETE", TAGS, "tagIdOrName", name="tags.delete")
def delete_tag(call: Call) -> Answer:
    word = _find(call)
    _replace(call, word, None)
    del call.project.tags[word]
    return Answer(status=204)


def _find(call: Call) -> str:
    """The folded name of the tag of the address."""
    wanted = call.route["tagIdOrName"].casefold()
    for word in call.project.tags:
        if wanted in (word, tag_id(call.project, word)):
            return word
    raise missing_tag(call.route["tagIdOrName"])


def _replace(call: Call, word: str, name: str | None) -> None:
    for item in call.world.store.items.values():
        for revision in item.revisions:
            if revision.fields["System.TeamProject"] != call.project.name or "System.Tags" not in revision.fields:
                continue
            tags = [name if tag.casefold() == word else tag for tag in split_tags(revision.fields["System.Tags"])]
            kept = "; ".join(tag for tag in tags if tag is not None)
            if kept:
                revision.fields["System.Tags"] = kept
            else:
                del revision.fields["System.Tags"]


def tag_id(project: Project, word: str) -> str:
    return guid(project.id, "tag", word)


def _json(call: Call, word: str) -> dict[str, Any]:
    id = tag_id(call.project, word)
    return {
        "id": id,
        "name": call.project.tags[word],
        "url": f"{call.base}/{call.project.id}/_apis/wit/tags/{id}",
    }
