"""Which PPM project the links under a pair's name are of, remembered for as long as they live.

Links are kept by the name of their pair. Under another name nobody would find them, and everything would be copied once
more; under a name that goes to another project, they would be taken for that one's. So name and project stay together,
also while the pair is taken away, until nothing is linked any more.
"""

from collections.abc import Iterator

from shared.configuration import Configuration, Pair
from shared.faults import Fault
from shared.ports import Cursors, SyncStore


class PairNames:
    """Remembers the name by the project, and the project by the name.

    By the project means by the address of its tool, too: a connection may be renamed, and a pair may follow its tool to
    another address.
    """

    def __init__(self, store: SyncStore, cursors: Cursors) -> None:
        self._store = store
        self._cursors = cursors

    def remember(self, configuration: Configuration) -> None:
        """Of every pair that is in force from now on."""
        for pair in configuration.pairs:
            self._cursors.write(_by_project(configuration, pair), pair.name)
            self._cursors.write(_by_name(pair), pair.ppm.project)

    def faults(self, configuration: Configuration) -> Iterator[Fault]:
        """Pairs that would part with links, or come by those of others."""
        for index, pair in enumerate(configuration.pairs):
            name = self._cursors.read(_by_project(configuration, pair)) or pair.name
            if name != pair.name and self._holds_links(name):
                kept = f"the links of this PPM project are kept under '{name}'"
                yield f"pairs[{index}].name", f"{kept}: call the pair so, or unlink its items first"
            project = self._cursors.read(_by_name(pair)) or pair.ppm.project
            if project.casefold() != pair.ppm.project.casefold() and self._holds_links(pair.name):
                kept = f"the links under '{pair.name}' are of the PPM project '{project}'"
                yield f"pairs[{index}].ppm.project", f"{kept}: give another project a pair of its own name"

    def _holds_links(self, name: str) -> bool:
        return any(link.state.alive for link in self._store.links(name))


def _by_project(configuration: Configuration, pair: Pair) -> str:
    return f"name of|{configuration.ppm[pair.ppm.connection].url}|{pair.ppm.project}".casefold()


def _by_name(pair: Pair) -> str:
    return f"project of|{pair.name}"
