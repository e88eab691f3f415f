"""`python -m infra.local.key_vault --secret name=value`: run the vault and its identity until stopped."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from infra.local.certificates import self_signed
from infra.local.key_vault.identity import Identity
from infra.local.key_vault.vault import Secret, Vault
from infra.local.serving import listen, port_of, serving, stop_signal


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.key_vault", description="Run a Key Vault stand-in.")
    parser.add_argument("--port", type=int, default=0, help="of the vault (HTTPS); default: a free one")
    parser.add_argument("--identity-port", type=int, default=0, help="of the managed identity; default: a free one")
    parser.add_argument("--secret", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="key-vault-") as directory:
        asyncio.run(_run(given.port, given.identity_port, given.secret, Path(directory)))


async def _run(port: int, identity_port: int, secrets: list[str], directory: Path) -> None:
    vault_socket, identity_socket = listen("127.0.0.1", port), listen("127.0.0.1", identity_port)
    port, identity_port = port_of(vault_socket), port_of(identity_socket)
    certificate, identity = self_signed(directory), Identity()
    # The clients insist that the vault's host ends with a dot and the resource: 127.0.0.1 ends with ".0.0.1".
    url, resource = f"https://127.0.0.1:{port}", f"https://0.0.1:{port}"
    vault = Vault(url, resource, identity)
    for secret in secrets:
        name, _, value = secret.partition("=")
        vault.add(name, Secret(value))
    stop = stop_signal()
    async with (
        serving(vault.app(), vault_socket, certificate=certificate.certificate, key=certificate.key),
        serving(identity.app(), identity_socket),
    ):
        print(f"KEY_VAULT_URI={url}")
        print(f"REQUESTS_CA_BUNDLE={certificate.bundle}")
        print(f"IDENTITY_ENDPOINT=http://127.0.0.1:{identity_port}/msi/token")
        print(f"IDENTITY_HEADER={identity.header}")
        print(f"listening on {url}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
