"""A stand-in for Azure Key Vault and for the managed identity that opens it.

`python -m infra.local.key_vault --secret name=value` runs it and prints the settings an app needs. The clients of Azure
run against it unmodified: `SecretClient` with `ManagedIdentityCredential` or `DefaultAzureCredential`.

    vault.py      the secrets, as the data plane shows them
    identity.py   the endpoint of a managed identity, and the tokens it issues
    running.py    both as a child process, with the controls that tests need
"""
