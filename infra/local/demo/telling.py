"""Telling a story in the words of a project manager, and stating on the way what must be true."""


class Teller:
    """`wrong` lists what did not hold."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def _chapter(self, title: str) -> None:
        print(f"\n{title}\n{'-' * len(title)}", flush=True)

    def _say(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)
            self._say(f"  WRONG: this does not hold: {what}")
