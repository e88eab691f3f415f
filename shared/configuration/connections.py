"""The products that the app talks with: where they are, and how each of the two proves who it is."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.configuration.values import Model, Priority, SecretName, Secrets, Url
from shared.model import StateCategory

AZURE_DEVOPS = "azure_devops"
PPM_KINDS = ("ppm_express", "redmine")
PPM_KINDS_WITH_WEBHOOKS = ("ppm_express",)  # Redmine has them in plugins only


def _signed(value: str | None) -> str | None:
    if value is not None and "{body}" not in value:
        raise ValueError("say what is signed with {body} in it, and {timestamp} where the moment is signed too")
    return value


Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
StatusCategory = Literal["open", "in_progress", "resolved", "closed", "cancelled"]


class Signature(Model):
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


class Token(Model):
    """A secret that the sender shows in a header, after `prefix` (`Bearer `)."""

    secret: Secrets
    header: Header = "authorization"
    prefix: str = ""


class Basic(Model):
    """A user name and password that the sender shows (RFC 7617)."""

    user: str
    secret: Secrets


class Access(Model):
    """An account of the product's own API, by which tickets are read back and answered.

    With `user`, `secret` holds the password or token of that user; without, a token that stands alone.
    """

    user: str | None = None
    secret: SecretName


class Status(Model):
    """A status of the product, in its own value, and fields that it wants set with it."""

    status: str
    more: Mapping[str, str] = {}


class Answers(Model):
    """What the board tells the ticket. `public` lets the requester see comments that are marked for them.

    `states` maps state categories to statuses of the product, before those of its preset; an empty text for "nothing".
    """

    work_item: bool = True
    state: bool = True
    comments: bool = True
    public: bool = False
    states: Mapping[StateCategory, str | Status] = {}


class AzureDevOpsConnection(Model):
    """An Azure DevOps organisation. `pat` needs `secret`; `managed_identity` needs none."""

    kind: Literal["azure_devops"]
    url: Url
    authentication: Literal["pat", "managed_identity"] = "pat"
    secret: SecretName | None = None


class ItsmConnection(Model):
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


class PpmConnection(Model):
    """A PPM tool. `url` is that of its API: for PPM Express with the tenant, for Redmine the site's own.

    `secret` holds the token or API key.
    """

    kind: Literal["ppm_express", "redmine"]
    url: Url
    secret: SecretName
