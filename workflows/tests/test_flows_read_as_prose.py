"""What a body may not do (spec/cluster-jobs.md §5.6), by its syntax tree; and one truth with the registry."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

from workflows.launchable import launchables

FLOWS = sorted(path for path in (Path(__file__).parents[1] / "flows").glob("*.py") if path.name != "__init__.py")
NOT_HERE = {"subprocess", "random", "time", "asyncio", "threading", "shutil", "smtplib", "django.db"}
NOT_THEN = {"retries", "timeout_seconds", "persist_result"}


def names(node):
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module} if isinstance(node, ast.ImportFrom) else set()


def is_flow(node):
    return isinstance(node, ast.FunctionDef) and any("flow" in ast.unparse(one) for one in node.decorator_list)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_is_prose(path):
    tree = ast.parse(path.read_text())
    faults = []
    for node in ast.walk(tree):
        faults += [f"{node.lineno}: imports {name}" for name in names(node) & NOT_HERE]
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            faults.append(f"{node.lineno}: async")
        if isinstance(node, ast.ExceptHandler) and (node.type is None or "BaseException" in ast.unparse(node.type)):
            faults.append(f"{node.lineno}: catches the suspension itself")
        if isinstance(node, ast.Attribute) and node.attr in {"atomic", "cursor", "raw", "extra"}:
            faults.append(f"{node.lineno}: {node.attr}")
        if is_flow(node):
            faults += _faults_of_body(node)
    assert faults == []


def _faults_of_body(body):
    lines = body.end_lineno - body.lineno
    if lines > 40:
        yield f"{body.lineno}: {lines} lines are no page of prose"
    for decorator in body.decorator_list:
        for keyword in getattr(decorator, "keywords", []):
            if keyword.arg in NOT_THEN:
                yield f"{body.lineno}: {keyword.arg}"


@pytest.mark.parametrize("offered", launchables(), ids=lambda one: one.name)
def test_the_registry_says_what_the_flow_says(offered):
    file, _, function = offered.entrypoint.partition(":")
    flow = getattr(import_module(file.removesuffix(".py").replace("/", ".")), function)
    assert (flow.name, f"{flow.fn.__name__}_deployment") == (offered.title, offered.name)
    accepted = inspect.signature(flow.fn).parameters
    assert set(offered.parameters.model_fields) <= set(accepted)
    required = {name for name, one in accepted.items() if one.default is inspect.Parameter.empty}
    assert required == {name for name, field in offered.parameters.model_fields.items() if field.is_required()}
