"""Run the simulator by itself: `python -m infra.local.ppm_express --port 7082`."""

import argparse
import signal
import threading

from infra.local.ppm_express.server import Simulator
from infra.local.ppm_express.tenant import PROJECT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7082, help="0 takes a free port")
    parser.add_argument("--tenant", default="contoso")
    parser.add_argument("--token", default="local-token")
    options = parser.parse_args()
    try:
        simulator = Simulator(tenant=options.tenant, token=options.token, port=options.port)
    except OSError as error:
        raise SystemExit(f"Port {options.port} cannot be used: {error.strerror}.") from error
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with simulator:
        print(f"PPM Express simulator: {simulator.url} (project {PROJECT})", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
