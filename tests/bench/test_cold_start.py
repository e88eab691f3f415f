"""What a new worker has to load: the app beside one with a single empty function, each in fresh processes, in turns.

The ratios (`times` the first row) are much the same on any machine, the milliseconds are this machine's; where others
use its processors too, the ratio of the CPU's milliseconds is the one to go by. The byte code is warm, as in Azure
after an instance's first start, or after a deployment that brings it; the files are in the system's cache.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from infra.local.running import REPOSITORY

pytestmark = pytest.mark.bench

RUNS = 9
AIM = 2
BARE = """
import azure.functions as func

app = func.FunctionApp()


@app.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("ok")
"""
IMPORT = """
import json, sys, time
sys.path.insert(0, "")
begun, worked = time.perf_counter(), time.process_time()
import function_app
took = time.perf_counter() - begun, time.process_time() - worked
print(json.dumps([1000 * took[0], 1000 * took[1], len(function_app.app.get_functions())]))
"""
# Import, and make what the first push needs; nothing is called in that.
READY = IMPORT.replace("import function_app\n", "import function_app, shared.wiring\nshared.wiring.services()\n")
SETTINGS = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "KEY_VAULT_URI": "https://vault.example"}


def measured(source: str, directory: Path, byte_code: Path) -> tuple[float, float, int]:
    """Milliseconds that went by, those that the processor worked, and how many functions there are."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(byte_code), **SETTINGS}
    told = subprocess.run(
        [sys.executable, "-c", source], cwd=directory, env=environment, check=True, capture_output=True, text=True
    )
    took, worked, functions = json.loads(told.stdout)
    return took, worked, functions


def test_import(tmp_path: Path):
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "function_app.py").write_text(BARE)
    subjects = {
        "an app with one empty function": (IMPORT, bare),
        f"this app (aim: less than {AIM} times)": (IMPORT, REPOSITORY),
        "this app, ready for its first push": (READY, REPOSITORY),
    }
    counts = [measured(*subject, tmp_path / "byte code")[-1] for subject in subjects.values()]
    assert counts[0] == 1 and counts[1] == counts[2] > 1, "what is measured is the app"
    runs: dict[str, list[tuple[float, float, int]]] = {name: [] for name in subjects}
    for _ in range(RUNS):
        for name, subject in subjects.items():
            runs[name].append(measured(*subject, tmp_path / "byte code"))
    print(f"\n{f'import function_app, medians of {RUNS}':44}{'ms':>8}{'times':>8}{'CPU ms':>10}{'times':>8}")
    medians = {name: [median(each[column] for each in runs[name]) for column in (0, 1)] for name in subjects}
    least = next(iter(medians.values()))
    for name, (took, worked) in medians.items():
        print(f"  {name:42}{took:8.0f}{took / least[0]:8.1f}{worked:10.0f}{worked / least[1]:8.1f}")
