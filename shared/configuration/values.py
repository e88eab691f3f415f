"""What is written in many places of the document: names, addresses, secrets by name. Each says how to write it."""

import re
from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

NAME_IN_ADDRESS = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LONGEST_SECRET_NAME = 40  # Key Vault allows 127; every token Azure DevOps issues is longer than this

AT_A_PRODUCT = re.compile(r"https://|http://(127\.0\.0\.1|localhost)([:/]|$)")
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PORT = re.compile(r"[0-9]{1,5}")
LAST_PORT = 65535


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


def _name(value: str) -> str:
    if value.strip() in ("", ".", ".."):
        raise ValueError("write the name as it is shown there")
    return value


def _url(value: str) -> str:
    """Where a product is: paths are put behind it, so nothing may follow its own or lead out of that."""
    authority, _, path = value.partition("://")[2].partition("/")
    host, colon, port = authority.partition(":")
    for amiss, fix in (
        (not AT_A_PRODUCT.match(value), "write a full https:// address"),
        (not value.isprintable() or re.search(r"[\s\\]", value), "write it without spaces, line ends or backslashes"),
        ("@" in authority, "write it without a user name or password"),
        (re.search(r"[?#]", value), "leave out what begins with ? or #"),
        (not HOST.fullmatch(host), "write the host with letters, digits, dots and dashes"),
        (colon and not (PORT.fullmatch(port) and 0 < int(port) <= LAST_PORT), "write a port from 1 to 65535, or none"),
        ({".", ".."} & set(unquote(path).split("/")), "write the path without . and .."),
    ):
        if amiss:
            raise ValueError(fix)
    return value.rstrip("/")


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
