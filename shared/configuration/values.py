"""What is written in many places of the document: names, addresses, secrets by name. Each says how to write it."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

NAME_IN_ADDRESS = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LONGEST_SECRET_NAME = 40  # Key Vault allows 127; every token Azure DevOps issues is longer than this


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


def _name(value: str) -> str:
    if value.strip() in ("", ".", ".."):
        raise ValueError("write the name as it is shown there")
    return value


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


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{value}' is not a time zone: write one like Europe/Berlin") from None
    return value


def listed(value: object) -> object:
    """One name or a list of them."""
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(_name)]
Names = Annotated[tuple[Name, ...], BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...])]
Url = Annotated[str, AfterValidator(_url)]
SecretName = Annotated[str, AfterValidator(_secret_name)]
Secrets = Annotated[
    tuple[SecretName, ...], Field(min_length=1), BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...])
]
Priority = Annotated[int, Field(ge=1, le=4)]
Zone = Annotated[str, AfterValidator(_zone)]
