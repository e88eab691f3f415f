"""What the stand-ins of ITSM products share: who is let in, what fails on demand, what is counted."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from infra.local.products.base import Handler, Refusal, Remark, Reply, Request, StandIn, basic


class Counter(StandIn):
    """A product whose tickets are numbers that a PUT raises."""

    def __init__(self, **options: Any) -> None:
        self.numbers: dict[str, int] = {}
        super().__init__(**options)

    def routes(self) -> Mapping[str, Handler]:
        return {"GET /tickets/{id}": self._get, "PUT /tickets/{id}": self._put}

    def error(self, status: int, message: str) -> Any:
        return {"status": status, "message": message}

    def _get(self, _request: Request, id: str) -> Reply:
        if id not in self.numbers:
            raise Refusal(404, f"no ticket {id}")
        return Reply({"number": self.numbers[id]})

    def _put(self, request: Request, id: str) -> Reply:
        self.numbers[id] += request.body["by"]
        return Reply(status=204)

    def create_ticket(self, title: str, description: str = "", **fields: Any) -> str:
        self.numbers[title] = 0
        return title

    def update(self, id: str, **fields: Any) -> None: ...

    def comment(self, id: str, text: str, *, public: bool) -> None: ...

    def delete(self, id: str) -> None: ...

    def ticket(self, id: str) -> Mapping[str, Any]:
        return {"number": self.numbers[id]}

    def comments(self, id: str) -> list[Remark]:
        return []


@pytest.fixture
def product() -> Iterator[Counter]:
    with Counter() as product:
        product.create_ticket("a b")
        yield product


@pytest.fixture
def http(product: Counter) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = basic(product.user, product.secret)
        yield session


def raised(http: requests.Session, product: Counter) -> requests.Response:
    return http.put(f"{product.url}/tickets/a%20b", json={"by": 1}, timeout=5)


def test_a_segment_reaches_its_handler_unescaped(product: Counter, http: requests.Session) -> None:
    assert raised(http, product).status_code == 204
    assert http.get(f"{product.url}/tickets/a%20b", timeout=5).json() == {"number": 1}


@pytest.mark.parametrize("path", ["tickets/c", "tickets", "tickets/a%20b/more", "ticketsXa"])
def test_what_is_not_there_is_refused_in_the_form_of_the_product(
    product: Counter, http: requests.Session, path: str
) -> None:
    answer = http.get(f"{product.url}/{path}", timeout=5)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_secret_that_was_changed_is_refused(product: Counter, http: requests.Session) -> None:
    product.secret = "another"
    assert raised(http, product).status_code == 401
    http.headers["Authorization"] = "Bearer another"
    assert raised(http, product).status_code == 204
    assert product.numbers == {"a b": 1}


def test_the_next_requests_fail_and_do_nothing(product: Counter, http: requests.Session) -> None:
    product.fail_next(429, times=2, method="PUT", headers={"Retry-After": "7"})
    product.fail_next(200, method="PUT", headers={"Content-Type": "text/html"}, body=b"<html>")
    assert http.get(f"{product.url}/tickets/a%20b", timeout=5).status_code == 200
    answers = [raised(http, product) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 200, 204]
    assert answers[0].headers["Retry-After"] == "7"
    assert (answers[2].text, answers[2].headers["Content-Type"]) == ("<html>", "text/html")
    assert product.numbers == {"a b": 1}


def test_an_answer_is_dropped_after_the_work(product: Counter, http: requests.Session) -> None:
    product.drop_answer()
    with pytest.raises(requests.ConnectionError):
        raised(http, product)
    assert product.numbers == {"a b": 1}
    assert raised(http, product).status_code == 204


def test_requests_are_counted_by_what_they_ask(product: Counter, http: requests.Session) -> None:
    product.fail_next(503)
    for _ in range(2):
        raised(http, product)
    http.get(f"{product.url}/tickets/c", timeout=5)
    assert [product.asked(), product.asked("PUT"), product.asked("tickets/c")] == [3, 2, 1]
