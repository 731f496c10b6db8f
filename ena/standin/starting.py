"""Starting the stand-in: options, reads, server (``spec/ena.md`` §12)."""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ena.standin.dataset import DATA, Dataset
from ena.standin.faults import BadRule, FaultBook
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


@dataclass(frozen=True)
class Options:
    """What ``run_ena_standin`` and ``python -m ena.standin`` take; names as on the command line."""

    port: int = 8100
    listen: str = "127.0.0.1"
    cache: Path | None = None
    seed: int = 0
    faults: Path | None = None
    bulk_runs: int = 0
    reference: Path | None = None
    password_env: str | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8100, help="0: any free one")
    parser.add_argument("--listen", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--cache", type=Path, help=f"folder of the made reads (default: {default_cache()})")
    parser.add_argument("--seed", type=int, default=0, help="another number: other reads in every file")
    parser.add_argument("--faults", type=Path, help="JSON file of fault rules to start with")
    parser.add_argument("--bulk-runs", type=int, default=0, help="add study PRJEB99910000 with so many runs")
    parser.add_argument("--reference", type=Path, help="a TSV replaces the set `ssu`, a FASTA the set `genomes`")
    parser.add_argument("--password-env", metavar="NAME", help="environment variable with the data hub's password")


def make_server(options: Options, *, password: str | None = None) -> StandinServer:
    """A server that listens already; ``serve_forever`` makes it answer.

    :raises SystemExit: an option cannot be used
    """
    recipes, references = load_recipe(options.seed, options.reference)
    reads = make_reads(recipes, references, options.cache or default_cache())
    try:
        faults = FaultBook(json.loads(options.faults.read_text()) if options.faults else None)
    except (BadRule, json.JSONDecodeError) as error:
        raise SystemExit(f"--faults {options.faults}: {error}") from error
    dataset = Dataset(recipes=recipes, files=reads.files, bulk_runs=options.bulk_runs)
    address = (options.listen, options.port)
    return StandinServer(address, dataset=dataset, reads=reads, faults=faults, password=password)


def load_recipe(seed: int, reference: Path | None = None) -> tuple[list[Recipe], dict[str, Reference]]:
    """What the reads are made of: the lines of ``reads.tsv`` and the reference sets by name."""
    references = {"ssu": read_reference(DATA / "ssu.tsv"), "genomes": random_reference()}
    if reference is not None:
        references["ssu" if reference.suffix == ".tsv" else "genomes"] = read_reference(reference)
    return read_recipes(DATA / "reads.tsv", seed), references


def serve(options: Options) -> None:
    """Answer until interrupted; the first line on stdout says where."""
    password = None
    if options.password_env:
        password = os.environ.get(options.password_env)
        if not password:
            raise SystemExit(f"--password-env {options.password_env}: this variable is not set")
    server = make_server(options, password=password)
    print(f"stand-in ENA ready at {server.url}", flush=True)  # noqa: T201 - this line is the promise to whoever waits
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def options_from(arguments: dict[str, Any]) -> Options:
    """Options from parsed arguments, whatever else the parser holds."""
    return Options(**{name: arguments[name] for name in Options.__dataclass_fields__})
