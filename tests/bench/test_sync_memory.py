"""What the one list in which a PPM tool gives all its tasks takes in a worker, with few tasks and with many.

Apart from the whole product at that size, which takes minutes to lay down.
"""

import json
import subprocess
import sys

import pytest

from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.running import REPOSITORY

pytestmark = pytest.mark.bench

TASKS = (1_000, 50_000)
MEGABYTES_MORE = 12
SWEEPS = 3
SWEPT = """
import json, sys
from pathlib import Path
from shared.connectors.ppm_express.api import PpmExpressApi
from shared.connectors.ppm_express.side import PpmExpressSide
from tests.bench.roadmap import Known, now

url, token, project, sweeps = sys.argv[1:]
side, cursor = PpmExpressSide(PpmExpressApi(url, Known(token), "token", connection="ppm", clock=now), project), None
for _ in range(int(sweeps)):
    cursor = side.changed(cursor).cursor
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps([int(status[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM")]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of a process's memory this way")
def test_a_list_of_many_tasks_takes_no_more_than_one_of_few():
    most = {}
    with RunningPpmExpress() as ppm:
        for number in TASKS:
            for made in range(len(ppm.tenant.projects[ppm.project].tasks), number):
                said = {"Name": f"Task {made}", "Description": f"<p>{'words ' * 10}</p>"}
                ppm.tenant.create_task(ppm.project, said)
            asked = [sys.executable, "-c", SWEPT, ppm.url, ppm.token, ppm.project, str(SWEEPS)]
            told = subprocess.run(asked, cwd=REPOSITORY, check=True, capture_output=True, text=True)
            resident, most[number] = json.loads(told.stdout)
            print(f"\n{number:7,} tasks: {resident} MB after {SWEEPS} sweeps, {most[number]} MB at most")
    assert most[TASKS[-1]] <= most[TASKS[0]] + MEGABYTES_MORE
