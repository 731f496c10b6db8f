"""The stand-in inside a test process: a real server on a real socket, in a thread."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

from ena.standin.dataset import DATA
from ena.standin.faults import FaultBook
from ena.standin.server import StandinServer
from ena.standin.starting import make_server


@dataclass(frozen=True)
class Standin:
    """``url`` is what ``EMG_ENA__STANDIN_URL`` takes."""

    url: str
    server: StandinServer

    def set_faults(self, rules: list[dict[str, Any]]) -> None:
        self.server.faults.replace(rules)

    def use_fault_script(self, name: str) -> None:
        """Rules of a ready script, e.g. ``cut_short``."""
        self.server.faults.replace(json.loads((DATA / "faults" / f"{name}.json").read_text()))

    def set_state(self, accession: str, state: str, *, first_public: str | None = None) -> None:
        self.server.dataset.set_state(accession, state, first_public=first_public)

    def requests(self) -> list[dict[str, Any]]:
        """Every request since the start or the last ``reset``, oldest first; never a password."""
        return list(self.server.seen)

    def reset(self) -> None:
        """No faults, no requests seen, every record as delivered: for a server that tests share."""
        self.server.faults.replace([])
        self.server.reset()
        self.server.seen.clear()


@contextmanager
def running_standin(
    *, seed: int = 0, faults: list[dict[str, Any]] | None = None, password: str | None = None, bulk_runs: int = 0
) -> Iterator[Standin]:
    """A stand-in on a free port until the block ends; the reads come from the per-user cache."""
    server = make_server(seed=seed, bulk_runs=bulk_runs, faults=FaultBook(faults or ()), password=password)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Standin(server.url, server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
