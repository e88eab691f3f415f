"""What a function does before and after its service is called."""

import json

import pytest

from functions.answers import problem_of
from shared.errors import Circular, InDoubt, Park, Refused, RetryLater, Stale, StopConnection


def test_a_request_that_breaks_its_models_is_refused_before_anything_is_asked(ask):
    answer = ask("make_plan", b'{"direction": "up", "colour": 1}', pair="roadmap")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    problem = json.loads(answer.get_body())
    assert problem["title"] == "Bad Request"
    assert {fault["path"] for fault in problem["faults"]} == {"direction", "colour"}


def test_the_key_in_the_address_is_no_parameter_of_ours(ask):
    refused = ask("list_items", params={"code": "key", "clientId": "default", "limit": "many"}, pair="roadmap")
    assert [fault["path"] for fault in json.loads(refused.get_body())["faults"]] == ["limit"]


def test_what_a_function_returns_is_answered_as_json(ask):
    answer = ask("health")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert json.loads(answer.get_body()) == {"status": "ok"}


def test_half_a_character_is_answered_as_it_came():
    answer = problem_of(Refused(422, "there is no '\ud800'"), "a_function")
    assert b"\\ud800" in answer.get_body()
    assert json.loads(answer.get_body())["detail"] == "there is no '\ud800'"


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (Refused(404, "no such pair"), 404, "no such pair"),
        (RetryLater("not yet", 2.5), 503, "not yet"),
        (Stale("412"), 409, "somebody else was quicker, ask again: 412"),
        (Circular("a circle"), 422, "a circle"),
        (Park("no such field"), 422, "no such field"),
        (StopConnection("the token has expired", "contoso"), 502, "the token has expired"),
        (InDoubt("no answer"), 502, "no answer"),
    ],
)
def test_what_a_service_raises_is_answered_as_a_problem(error, status, detail):
    answer = problem_of(error, "a_function")
    assert answer.mimetype == "application/problem+json"
    assert answer.status_code == status
    assert json.loads(answer.get_body()) | {"title": ""} == {
        "type": "about:blank", "title": "", "status": status, "detail": detail}  # fmt: skip


def test_a_problem_says_when_to_ask_again():
    assert problem_of(RetryLater("not yet", 2.5), "a_function").headers["Retry-After"] == "3"
