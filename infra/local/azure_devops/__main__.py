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
    options = parser.parse_args()
    try:
        listener = listening(options.host, options.port)
    except OSError as error:
        raise SystemExit(f"Port {options.port} of {options.host} cannot be used: {error.strerror}.") from error
    with listener:
        port = listener.getsockname()[1]
        print(f"Azure DevOps simulator: http://{options.host}:{port}/{options.organisation}", flush=True)
        uvicorn.Server(configuration(options.organisation, options.token)).run(sockets=[listener])


if __name__ == "__main__":
    main()
