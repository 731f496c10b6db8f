"""The import rule of the house: who may know whom, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ["ena", "analyses", "workflows", "emgapiv2"]  # each may import itself and those to its left
SETTINGS_OF_ALL = "emgapiv2.config"
PREFECT_ROOMS = ("workflows/flows/", "workflows/prefect_utils/")
BACKENDS, PORTAL, STANDIN = "workflows/cluster/backends/", "ena/portal.py", "ena/standin/"
SCHEDULER_COMMANDS = {"sbatch", "squeue", "sacct", "scancel", "scontrol", "srun", "sinfo", "bsub", "bjobs", "bkill"}
CLIENTS = {"requests", "urllib3", "urllib.request", "http.client", "httpx", "aiohttp", "socket", "ftplib"}


def sources(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported anywhere in a file, also inside functions, also ``from x import submodule``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_of(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_imports_point_one_way():
    wrong = [
        f"{path} imports {module}"
        for place, room in enumerate(ROOMS)
        for path, tree in sources(room)
        for module in imported(tree)
        if is_of(module, set(ROOMS[place + 1 :])) and not is_of(module, {SETTINGS_OF_ALL})
    ]
    assert wrong == []


def test_only_flows_and_their_tools_import_prefect():
    wrong = [
        f"{path} imports {module}"
        for path, tree in sources(*ROOMS)
        if not path.startswith(PREFECT_ROOMS)
        for module in imported(tree)
        if is_of(module, {"prefect"})
    ]
    assert wrong == []


def test_only_backends_run_scheduler_commands():
    wrong = [
        f"{path} says {node.value}"
        for path, tree in sources(*ROOMS)
        if not path.startswith(BACKENDS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in SCHEDULER_COMMANDS
    ]
    assert wrong == []


def test_only_portal_opens_connections():
    wrong = [
        f"{path} imports {module}"
        for path, tree in sources("ena")
        if path != PORTAL and not path.startswith(STANDIN)
        for module in imported(tree)
        if is_of(module, CLIENTS)
    ]
    assert wrong == []


def test_only_the_stand_ins_users_import_it():
    """The product runs without its fake: the command that starts it is all that knows it."""
    allowed = (STANDIN, "ena/management/commands/")
    wrong = [
        path
        for path, tree in sources(*ROOMS)
        if not path.startswith(allowed) and any(is_of(module, {"ena.standin"}) for module in imported(tree))
    ]
    assert wrong == []
