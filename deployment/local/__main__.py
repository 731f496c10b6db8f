"""Command line of the local stack: ``python -m deployment.local demo | run | test | bench``."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from deployment.local import demo, show
from deployment.local.environment import CHECKOUT, STATE
from deployment.local.postgres import PostgresFailed
from deployment.local.processes import StepFailed
from deployment.local.stack import Stack, find_place, forget, held_place, test_environment
from ena.accessions import BadAccession, Kind, parse_accession

console = Console()


def main() -> int:
    parser = argparse.ArgumentParser(prog="task", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("demo", demo.__doc__), ("run", "Start the whole platform and keep it running.")):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--seed", type=int, default=0, help="makes the stand-in's reads; another seed, other counts"
        )
        command.add_argument("--place", default=name, help=argparse.SUPPRESS)  # a second stack beside the first
        command.add_argument("--fresh", action="store_true", help="forget what an earlier run left behind")
    demo_parser = commands.choices["demo"]
    demo_parser.add_argument("accession", nargs="?", default=demo.DEMO_STUDY, help="a study; ENA=live for a real one")
    demo_parser.add_argument("--report", type=Path, metavar="FILE", help="write what came out to a file, as JSON")
    demo_parser.add_argument("--keep", action="store_true", help="leave everything running, and print the addresses")
    commands.add_parser("test", help="run pytest; all further words are its own", add_help=False)
    commands.add_parser("bench", help="measure the API, the lists and the mirror on a full catalogue")
    options, rest = parser.parse_known_args()
    if options.command == "test":
        return run_tests(rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if options.command == "bench":
        return run_beside_postgres("bench.catalogue")
    if options.command == "demo":
        try:
            options.accession = parse_accession(options.accession, [Kind.STUDY]).text
        except BadAccession as error:
            parser.error(str(error))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with held_place(options.place):
            return run_stack(options)
    except (StepFailed, PostgresFailed) as failure:
        tell_failure(failure)
        logs = STATE / options.place / "logs"
        where = f"Logs: {logs}. " if logs.exists() else ""
        console.print(f"{where}Once the cause is gone, run it again.", highlight=False, soft_wrap=True)
        return 1


def run_stack(options: argparse.Namespace) -> int:
    """``demo`` and ``run``. A run that was killed goes on where it was; one that ended starts anew.

    :raises StepFailed, PostgresFailed: nothing of it runs any more
    """
    place = find_place(options.place)
    ended = place.home / "ended"
    if options.fresh or ended.exists():
        forget(place)
        place = find_place(options.place)
    stack = Stack(place, told_step, seed=options.seed, live_ena=os.environ.get("ENA") == "live")
    started = time.monotonic()
    kept = False
    try:
        stack.start()
        console.print(f"Ready after {time.monotonic() - started:.1f} s", highlight=False)
        stack.write_environment_file()
        study = None
        if options.command == "demo":
            results = show.gather_results(demo.run_demo(stack, console, options.accession), options.accession)
            show.show_results(results, console, options.accession)
            study = results["study"]["accession"]
            if options.report:
                options.report.write_text(json.dumps(results, indent=1))
            if not results["taxonomies"]:
                raise StepFailed(f"no analysis of {options.accession} was published; what failed is told above")
        kept = options.command == "run" or options.keep
        if kept:
            show.show_links(stack, console, study)
        else:
            console.print("\nAll is stopped again; [bold]./taskw demo -- --keep[/] leaves it running to look around.")
        while kept:
            for name in stack.processes.restart_the_dead():
                console.print(f"{name} had died and was started again")
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("\nStopping." if kept else "\nInterrupted, stopping.")
        return 0 if kept else 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stack.stop(cancel_jobs=True)
        if options.command == "demo":
            ended.touch()
        (STATE / "env").unlink(missing_ok=True)
    return 0


def run_tests(arguments: list[str]) -> int:
    """Run pytest on two cores."""
    own_way = any(word.startswith(("-n", "-p", "--pdb")) for word in arguments)
    # A file's tests share a process and what they set up; in the folders' order the longest ones come early.
    parallel = [] if own_way else ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    return run_beside_postgres("pytest", *parallel, *arguments)


def run_beside_postgres(module: str, *arguments: str) -> int:
    """Run a module against a Postgres of its own, which is kept for the next time."""
    try:
        with held_place("test"), test_environment() as environment:
            argv = [sys.executable, "-m", module, *arguments]
            return subprocess.run(argv, env=environment, cwd=CHECKOUT, check=False).returncode
    except (PostgresFailed, StepFailed) as failure:
        tell_failure(failure)
        return 1


def tell_failure(failure: Exception) -> None:
    # Unwrapped, so that what it names can be copied; the terminal breaks long lines by itself.
    console.print(f"\n[bold red]Failed:[/] {escape(str(failure))}", highlight=False, soft_wrap=True)


@contextmanager
def told_step(name: str) -> Iterator[None]:
    """Show a step while it runs and how long it took."""
    started = time.monotonic()
    with console.status(f"{name} …"):
        try:
            yield
        except StepFailed as failure:
            raise StepFailed(f"{name}: {failure}") from failure
    console.print(f"  [green]✓[/] {name:<60} {time.monotonic() - started:6.1f} s", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
