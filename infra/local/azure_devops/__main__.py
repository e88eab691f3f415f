"""Run the simulator by itself: `python -m infra.local.azure_devops --port 7081`."""

import argparse

import uvicorn

from infra.local.azure_devops.running import configuration, listening


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7081, help="0 takes a free port")
    parser.add_argument("--organisation", default="contoso")
    parser.add_argument("--token", default="local-pat")
    parser.add_argument("--seed-items", type=int, default=0, help="work items at the start; a reset has none")
    options = parser.parse_args()
    try:
        listener = listening(options.host, options.port)
    except OSError as error:
        raise SystemExit(f"Port {options.port} of {options.host} cannot be used: {error.strerror}.") from error
    server = uvicorn.Server(configuration(options.organisation, options.token, seed_items=max(options.seed_items, 0)))
    with listener:
        port = listener.getsockname()[1]
        print(f"Azure DevOps simulator: http://{options.host}:{port}/{options.organisation}", flush=True)
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
