"""Queue functions: retries and poison, leases, several at once, a host that dies, output bindings."""

import base64
import contextlib
import re
import time
from collections.abc import Callable, Iterator

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueServiceClient

from infra.local.azurite import Azurite
from infra.local.running import RunningHost

APP = """
meeting = threading.Barrier(4)

@app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
def work(message: func.QueueMessage) -> None:
    body = message.get_body().decode()
    logging.info("took <%s> attempt %s at %.3f", body, message.dequeue_count, time.time())
    assert message.id and message.pop_receipt and message.insertion_time
    if body == "fail":
        raise ValueError("as asked")
    if body == "meet":
        meeting.wait(timeout=10)
    if body.startswith("sleep") and message.dequeue_count == 1:
        time.sleep(float(body.split()[1]))
    logging.info("done <%s>", body)
"""
QUICK = {"maxPollingInterval": "00:00:00.200"}


@pytest.fixture
def queue(queues: QueueServiceClient, queue_name: str) -> Iterator[QueueClient]:
    with queues.create_queue(queue_name) as queue:
        yield queue


@pytest.fixture(scope="module")
def shared(azurite: Azurite, queues: QueueServiceClient, write_app) -> Iterator[tuple[RunningHost, QueueClient]]:
    """A host that gives a message two attempts, a second apart, and leases of a second; and its queue."""
    app = write_app(APP, maxDequeueCount=2, visibilityTimeout="00:00:01", **QUICK)
    settings = {"AzureWebJobsStorage": azurite.connection_string, "QUEUE": "shared"}
    with queues.create_queue("shared") as queue, RunningHost(app, settings, message_lease_seconds=1) as host:
        yield host, queue


def send(queue: QueueClient, text: str) -> None:
    queue.send_message(base64.b64encode(text.encode()).decode())


def awaited[Found](look: Callable[[], Found]) -> Found:
    """What `look` finds once there is something; the queue itself may still be missing."""
    for _ in range(200):
        with contextlib.suppress(ResourceNotFoundError):
            if found := look():
                return found
        time.sleep(0.02)
    raise AssertionError("nothing came")


def await_empty(queue: QueueClient) -> None:
    """Wait until no message is left, visible or not."""
    awaited(lambda: queue.get_queue_properties().approximate_message_count == 0)


def taken_from_poison(queues: QueueServiceClient, queue: QueueClient) -> str:
    """The text of the next poison message, which must be one that is kept for ever."""
    with queues.get_queue_client(f"{queue.queue_name}-poison") as poison:
        [message] = awaited(lambda: list(poison.receive_messages()))
        poison.delete_message(message)
    assert message.expires_on.year == 9999
    return message.content


def test_a_message_is_handled_once_and_deleted(shared) -> None:
    host, queue = shared
    send(queue, "one ü")
    host.wait_for(r"done <one ü>\n.*work ok in \d+ ms")
    await_empty(queue)
    assert host.log.count("took <one ü>") == 1


def test_a_failing_message_is_retried_after_the_timeout_and_then_poison(shared, queues) -> None:
    host, queue = shared
    send(queue, "fail")
    host.wait_for("Message has reached MaxDequeueCount of 2. Moving message to queue 'shared-poison'")
    assert taken_from_poison(queues, queue) == base64.b64encode(b"fail").decode()
    attempts = re.findall(r"took <fail> attempt (\d) at ([\d.]+)", host.log)
    assert [number for number, _ in attempts] == ["1", "2"]
    assert float(attempts[1][1]) - float(attempts[0][1]) >= 1
    await_empty(queue)


def test_a_text_that_is_not_base64_is_poison_at_once(shared, queues) -> None:
    host, queue = shared
    for text in ("not base64!", "abc", "aGk=!", "ü"):
        queue.send_message(text)
        assert taken_from_poison(queues, queue) == text
        assert f"took <{text}>" not in host.log
    await_empty(queue)


def test_white_space_in_base64_is_no_fault(shared) -> None:
    host, queue = shared
    queue.send_message("c3BhY\n2Vk\n")
    host.wait_for("done <spaced>")


def test_a_long_message_keeps_its_lease(shared) -> None:
    """Were the lease not renewed, the same host would take the message again after a second."""
    host, queue = shared
    send(queue, "sleep 1.5")
    host.wait_for("done <sleep 1.5>")
    await_empty(queue)
    assert host.log.count("took <sleep 1.5>") == 1


def test_a_queue_function_runs_by_hand(shared, run_by_hand) -> None:
    host, _ = shared
    run_by_hand(host, "work", "from a person")
    host.wait_for("done <from a person>")


def test_the_host_creates_a_missing_queue(write_app, start_host, queues, queue_name) -> None:
    host = start_host(write_app(APP, **QUICK), QUEUE=queue_name)
    with queues.get_queue_client(queue_name) as queue:
        awaited(queue.get_queue_properties)
        send(queue, "one")
    host.wait_for("done <one>")


def test_without_encoding_a_text_comes_as_it_is(write_app, start_host, queue) -> None:
    host = start_host(write_app(APP, messageEncoding="none", **QUICK), QUEUE=queue.queue_name)
    queue.send_message("not base64!")
    host.wait_for("done <not base64!>")


def test_a_message_taken_too_often_is_poison_without_running(write_app, start_host, queues, queue) -> None:
    send(queue, "one")
    for _ in range(2):  # two hosts took it and died
        [message] = awaited(lambda: list(queue.receive_messages(visibility_timeout=1)))
        queue.update_message(message.id, message.pop_receipt, visibility_timeout=0)
    host = start_host(write_app(APP, maxDequeueCount=2, **QUICK), QUEUE=queue.queue_name)
    taken_from_poison(queues, queue)
    assert "took" not in host.log


def test_messages_run_at_the_same_time(write_app, start_host, queue) -> None:
    app = write_app(APP, batchSize=2, newBatchThreshold=2, **QUICK)
    host = start_host(app, QUEUE=queue.queue_name, PYTHON_THREADPOOL_THREAD_COUNT="8")
    for _ in range(4):
        send(queue, "meet")
    host.wait_for(r"(?s)(done <meet>.*){4}")


def test_a_message_survives_the_death_of_its_host(write_app, start_host, queue) -> None:
    app = write_app(APP, **QUICK)
    first = start_host(app, QUEUE=queue.queue_name, message_lease_seconds=1)
    send(queue, "sleep 60")
    first.wait_for("took <sleep 60> attempt 1")
    first.kill()
    assert first.exit_code == -9
    start_host(app, QUEUE=queue.queue_name).wait_for(r"took <sleep 60> attempt 2(.*\n)+.*done <sleep 60>")


def test_a_stopping_host_does_not_wait_for_ever(write_app, start_host, queue) -> None:
    host = start_host(write_app(APP, **QUICK), QUEUE=queue.queue_name)
    send(queue, "sleep 60")
    host.wait_for("took")
    host.stop(timeout_seconds=8)
    assert host.exit_code == 0
    assert "stopped with 1 calls still running" in host.log


OUTPUTS = """
@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
@app.queue_output(arg_name="several", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="$return", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
def produce(timer: func.TimerRequest, several: func.Out[typing.List[str]]) -> str:
    several.set(["one", "two"])
    return '{"three": 3}'
"""


def test_outputs_reach_their_queue(write_app, start_host, run_by_hand, queue_name) -> None:
    host = start_host(write_app(APP + OUTPUTS, **QUICK), QUEUE=queue_name)
    run_by_hand(host, "produce")
    for body in ("one", "two", '{"three": 3}'):
        host.wait_for(f"done <{re.escape(body)}>")
