"""`python -m infra.local.azure_devops`: one line when it listens, a sentence when it cannot."""

import re
import socket
import subprocess
import sys

import requests

COMMAND = [sys.executable, "-m", "infra.local.azure_devops"]


def test_it_says_where_it_listens() -> None:
    options = ["--port", "0", "--organisation", "fabrikam", "--token", "secret"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.fullmatch(r"Azure DevOps simulator: (http://127\.0\.0\.1:\d+/fabrikam)\n", line)
            assert match, line
            answer = requests.get(f"{match[1]}/_apis/projects", auth=("", "secret"), timeout=10)
            assert answer.json()["count"] > 0
        finally:
            process.terminate()


def test_a_port_in_use_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode != 0
    assert ended.stderr == f"Port {port} of 127.0.0.1 cannot be used: Address already in use.\n"
