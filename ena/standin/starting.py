"""Starting the stand-in: options, reads, server (``spec/ena.md`` §12)."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path

from ena.standin.dataset import DATA, Dataset
from ena.standin.faults import FaultBook
from ena.standin.reads import (
    Recipe,
    Reference,
    default_cache,
    make_reads,
    random_reference,
    read_recipes,
    read_reference,
)
from ena.standin.server import StandinServer


def main(prog: str, arguments: list[str]) -> None:
    """Answer until interrupted; the first line on stdout says where.

    :raises SystemExit: an option cannot be used
    """
    parser = ArgumentParser(prog, description="A stand-in ENA: made-up studies, reads made for real, faults on demand.")
    parser.add_argument("--port", type=int, default=8100, help="0: any free one")
    parser.add_argument("--listen", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of the made reads")
    parser.add_argument("--seed", type=int, default=0, help="another number: other reads in every file")
    parser.add_argument("--faults", type=Path, help="JSON file of fault rules to start with")
    parser.add_argument("--bulk-runs", type=int, default=0, help="add study PRJEB99910000 with so many runs")
    parser.add_argument("--reference", type=Path, help="a TSV replaces the set `ssu`, a FASTA the set `genomes`")
    parser.add_argument("--password-env", metavar="NAME", help="environment variable with all accounts' password")
    options = vars(parser.parse_args(arguments))
    password_env, faults = options.pop("password_env"), options.pop("faults")
    password = os.environ.get(password_env) if password_env else None
    if password_env and not password:
        parser.error(f"--password-env {password_env}: this variable is not set")
    try:
        book = FaultBook(json.loads(faults.read_text()) if faults else ())
    except (OSError, ValueError) as error:
        parser.error(f"--faults {faults}: {error}")
    server = make_server(password=password, faults=book, **options)
    print(f"stand-in ENA ready at {server.url}", flush=True)  # noqa: T201 - this line is the promise to whoever waits
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def make_server(
    *,
    port: int = 0,
    listen: str = "127.0.0.1",
    cache: Path | None = None,
    seed: int = 0,
    faults: FaultBook | None = None,
    bulk_runs: int = 0,
    reference: Path | None = None,
    password: str | None = None,
) -> StandinServer:
    """A server that listens already; ``serve_forever`` makes it answer."""
    recipes, references = load_recipes(seed, reference)
    reads = make_reads(recipes, references, cache or default_cache())
    dataset = Dataset(recipes=recipes, files=reads.files, bulk_runs=bulk_runs)
    return StandinServer((listen, port), dataset, reads, faults or FaultBook(), password)


def load_recipes(seed: int, reference: Path | None = None) -> tuple[list[Recipe], dict[str, Reference]]:
    """What the reads are made of: the lines of ``reads.tsv`` and the reference sets by name."""
    references = {"ssu": read_reference(DATA / "ssu.tsv"), "genomes": random_reference()}
    if reference is not None:
        references["ssu" if reference.suffix == ".tsv" else "genomes"] = read_reference(reference)
    return read_recipes(DATA / "reads.tsv", seed), references
