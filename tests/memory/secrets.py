"""The `Secrets` port in memory: what `get` saw it remembers, as the real one does for some minutes."""

from shared.errors import NotFound, Park
from shared.model import Secret


class MemorySecrets:
    """`values` are what the vault has now; `sealed` is why nobody may write."""

    def __init__(self, **values: str) -> None:
        self.values = {name: [value] for name, value in values.items()}
        self.sealed = ""
        self._seen: dict[str, Secret] = {}

    def get(self, name: str) -> Secret:
        return self._seen.get(name) or self.refresh(name)

    def refresh(self, name: str) -> Secret:
        if name not in self.values:
            raise NotFound(f"there is no secret '{name}'")
        self._seen[name] = Secret(self.values[name][-1], str(len(self.values[name])))
        return self._seen[name]

    def set(self, name: str, value: str) -> Secret:
        if self.sealed:
            raise Park(self.sealed)
        self.rotate(name, value)
        return self.refresh(name)

    def rotate(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)
