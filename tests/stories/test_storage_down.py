"""Without storage nothing is accepted: the sender is told to come back, and when."""

from tests.stories.conftest import QUICK, configuration, started
from tests.stories.described import product_of


def test_a_push_that_cannot_be_stored_is_answered_503_with_retry_after():
    with started(settings=QUICK) as cloud:
        product = product_of(cloud.host)
        assert product.configure(configuration(cloud)).ok
        body = {"id": "T-1", "title": "VPN down", "team": "Network"}
        assert product.push("generic", body).status_code == 202
        cloud.storage.kill()
        for push in (body, {"title": "no id"}):  # neither a ticket nor what belongs into quarantine
            answer = product.push("generic", push)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["detail"]
        product.close()
