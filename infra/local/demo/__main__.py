"""Start everything, play the story, print where everything is, and stop it all on Ctrl-C (`--once`: at once)."""

import argparse
import signal
import sys
import threading

from infra.local.clients import Board, Product
from infra.local.cloud import TOKEN, USUAL_PORTS, Cloud, Ports, new_secret
from infra.local.demo.roadmap import Roadmap
from infra.local.demo.story import Story
from infra.local.ppm_express.running import RunningPpmExpress
from infra.local.products.zendesk import Zendesk

SIGNING_SECRET = "request-tracker-hmac"
ZENDESK_SECRET = "zendesk-token"
ZENDESK_PORT = 7084
PPM_SECRET = "ppm-token"
PPM_PORT = 7082


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="play the story, check its end, and stop")
    parser.add_argument("--functions-port", type=int, default=USUAL_PORTS.functions, help="default: %(default)s")
    parser.add_argument("--azure-devops-port", type=int, default=USUAL_PORTS.azure_devops, help="default: %(default)s")
    parser.add_argument("--zendesk-port", type=int, default=ZENDESK_PORT, help="default: %(default)s")
    parser.add_argument("--ppm-port", type=int, default=PPM_PORT, help="default: %(default)s")
    parser.add_argument("--free-ports", action="store_true", help="whatever ports are free, for storage too")
    given = parser.parse_args()
    ports = Ports() if given.free_ports else Ports(given.functions_port, given.azure_devops_port, USUAL_PORTS.storage)
    for number in (signal.SIGINT, signal.SIGTERM):  # either way the servers are stopped in order
        signal.signal(number, signal.default_int_handler)
    try:
        zendesk_port, ppm_port = (0, 0) if given.free_ports else (given.zendesk_port, given.ppm_port)
        with Zendesk(port=zendesk_port) as zendesk, RunningPpmExpress(port=ppm_port) as ppm:
            return run(ports, zendesk, ppm, once=given.once)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    except (RuntimeError, OSError) as failure:  # a port that is taken, a program that is missing, a wait without end
        print(f"\nThe demo cannot go on: {failure}", file=sys.stderr)
        return 1


def run(ports: Ports, zendesk: Zendesk, ppm: RunningPpmExpress, *, once: bool) -> int:
    signing_secret = new_secret()
    print("Starting storage, Key Vault, Azure DevOps, Zendesk, PPM Express and the Functions host ...", flush=True)
    with Cloud(ports, vault=vault(zendesk, ppm, signing_secret)) as cloud:
        product = Product(cloud.host.url, cloud.host.KEY)
        board = Board(cloud.azure_devops_url, TOKEN)
        story = Story(cloud, product, board, zendesk, ppm, signing_secret)
        roadmap = Roadmap(product, board, ppm)
        story.play()
        roadmap.play()
        product.close()
        board.close()
        if wrong := story.wrong + roadmap.wrong:
            print(f"\nThe demo is wrong in {len(wrong)} place(s):", *wrong, sep="\n  ", file=sys.stderr)
        else:
            print("\nEverything ended as it should.")
        if not once:
            stay(cloud, zendesk, ppm)
    return 1 if wrong else 0


def vault(zendesk: Zendesk, ppm: RunningPpmExpress, signing_secret: str) -> dict[str, str]:
    """What the configuration's secrets are."""
    zendesk.secret, ppm_token = new_secret(), new_secret()
    ppm.control.token(value=ppm_token)
    return {SIGNING_SECRET: signing_secret, ZENDESK_SECRET: zendesk.secret, PPM_SECRET: ppm_token}


def stay(cloud: Cloud, zendesk: Zendesk, ppm: RunningPpmExpress) -> None:
    """Say where everything is and wait for Ctrl-C."""
    print(f"""
Everything keeps running until Ctrl-C:
  the product       {cloud.host.url}/api   (header x-functions-key: {cloud.host.KEY})
    send a ticket   curl -H 'x-functions-key: {cloud.host.KEY}' -H 'Content-Type: application/json' \\
                      -d '{{"id": "1", "title": "My first one", "team": "Network"}}' {cloud.host.url}/api/itsm/generic
    the rules       curl -H 'x-functions-key: {cloud.host.KEY}' {cloud.host.url}/api/configuration
  Azure DevOps      {cloud.azure_devops_url}   (simulated)
  Zendesk           {zendesk.url}   (simulated)
  PPM Express       {ppm.url}   (simulated)
    plan and board  curl -H 'x-functions-key: {cloud.host.KEY}' {cloud.host.url}/api/pairs/web-shop/items
  Key Vault         {cloud.key_vault.url}   (simulated)
  storage           {cloud.storage.url("table")}   (Azurite)
""", flush=True)  # fmt: skip
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
