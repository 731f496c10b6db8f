"""Pipelines that a test adds: a folder beside the others, in a copy, since other tests read the real ones."""

import shutil
import subprocess
import sys

import pytest

import workflows.pipelines
from workflows.pipelines import registry


@pytest.fixture
def pipelines(tmp_path, monkeypatch):
    """The folder that they are found in."""
    folder, before = tmp_path / "pipelines", set(sys.modules)
    shutil.copytree(registry.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(registry, "FOLDER", folder)
    monkeypatch.setattr(workflows.pipelines, "__path__", [*workflows.pipelines.__path__, str(folder)])
    yield folder
    registry.get.cache_clear()
    for name in [name for name in set(sys.modules) - before if name.startswith("workflows.pipelines.")]:
        del sys.modules[name]


def repository(folder, files):
    """A git repository with one commit of these files; gives the commit."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    if not (folder / ".git").is_dir():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "--message=x")
    return git(folder, "rev-parse", "HEAD")


def git(folder, *arguments):
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()
