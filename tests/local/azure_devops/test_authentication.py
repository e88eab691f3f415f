"""The five ways the service refuses a caller."""

from base64 import b64encode

import pytest
import requests

from tests.local.azure_devops.client import Client

SUPPRESS = {"X-TFS-FedAuthRedirect": "Suppress"}


def basic(user: str, token: str) -> str:
    return "Basic " + b64encode(f"{user}:{token}".encode()).decode()


def call(client: Client, method: str, authorization: str | None, headers: dict[str, str]) -> requests.Response:
    credentials = {} if authorization is None else {"Authorization": authorization}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method,
            f"{client.url}/_apis/projects?api-version=7.1",
            headers=headers | credentials,
            allow_redirects=False,
            timeout=10,
        )


@pytest.mark.parametrize("authorization", [basic("", "local-pat"), basic("PAT", "local-pat"), "Bearer local-pat"])
def test_a_good_token_is_accepted(client: Client, authorization: str) -> None:
    assert call(client, "GET", authorization, {}).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "state"),
    [(None, "valid"), (basic("someone", "local-pat"), "valid"), (basic("", "local-pat"), "no_scope")],
    ids=["missing", "user name", "no scope"],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_no_access_is_an_empty_challenge(client: Client, method: str, authorization: str | None, state: str) -> None:
    client.control.token(state=state)
    answer = call(client, method, authorization, {})
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [("GET", SUPPRESS, 203), ("POST", SUPPRESS, 203), ("GET", {}, 302), ("POST", {}, 302)],
)
def test_a_wrong_token_is_sent_to_the_sign_in_page(
    client: Client, method: str, headers: dict[str, str], status: int
) -> None:
    answer = call(client, method, basic("", "wrong"), headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    if status == 302:
        page = requests.get(answer.headers["location"], timeout=10)
        assert (page.status_code, "Sign In" in page.text) == (203, True)


@pytest.mark.parametrize("authorization", [basic("", "wrong"), "Bearer wrong", "Basic %%%"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
def test_a_write_with_a_wrong_token_is_json(client: Client, method: str, authorization: str) -> None:
    answer = call(client, method, authorization, SUPPRESS)
    assert answer.status_code == 401
    assert answer.json()["typeKey"] == "UnauthorizedRequestException"
    assert answer.json()["message"].startswith("TF400813")


def test_an_expired_token_says_so(client: Client) -> None:
    client.control.token(state="expired")
    answer = call(client, "GET", basic("", "local-pat"), SUPPRESS)
    assert answer.status_code == 401
    assert answer.json()["message"] == "Access Denied: The Personal Access Token used has expired."


def test_tokens_rotate(client: Client) -> None:
    client.control.token(also="second")
    assert call(client, "GET", "Bearer second", SUPPRESS).status_code == 200
    assert call(client, "GET", "Bearer local-pat", SUPPRESS).status_code == 200
    client.control.token(value="third")
    assert [call(client, "GET", f"Bearer {t}", SUPPRESS).status_code for t in ("third", "second", "local-pat")] == [
        200,
        203,
        203,
    ]
    client.control.reset()
    assert call(client, "GET", "Bearer local-pat", SUPPRESS).status_code == 200
