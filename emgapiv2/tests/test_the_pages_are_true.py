"""What the pages in ``docs/`` and the README name is there."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands

from emgapiv2 import checked_config
from emgapiv2.config import EMGConfig
from emgapiv2.settings_page import page_lines

ROOT = Path(settings.BASE_DIR)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def text_of(page):
    return page.read_text(encoding="utf-8")


def tasks():
    """Those of the Taskfile, and the prefixes of those it includes."""
    taskfile = yaml.safe_load(text_of(ROOT / "Taskfile.yml"))
    return set(taskfile["tasks"]), set(taskfile.get("includes", {}))


def test_what_is_generated_is_current():
    call_command("write_docs", check=True)


def test_a_stale_page_is_told(settings, tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("settings.md", "operations.md"):
        (tmp_path / "docs" / name).write_text(text_of(ROOT / "docs" / name).replace("EMG_DATABASE__PORT", "EMG_OTHER"))
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="settings"):
        call_command("write_docs", check=True)
    call_command("write_docs")
    call_command("write_docs", check=True)


def test_every_setting_has_its_line_and_no_line_is_of_none():
    page = "\n".join(page_lines())
    named = re.findall(r"^\| `(EMG_[A-Z_]+)`", page, re.MULTILINE)
    assert len(named) == len(set(named)) > 90
    assert [name for name in named if checked_config._is_unknown(name)] == []
    assert [name for name in EMGConfig.model_fields if f"`EMG_{name.upper()}" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    text, (known, included) = text_of(page), tasks()
    used = re.findall(r"(?:task|taskw) ([a-z][a-z0-9-]*)(:?)", " ".join(re.findall(r"`([^`]+)`", text)))
    assert {name for name, inside in used if not inside} - included - {"list"} <= known | included
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    commands |= set(re.findall(r"task manage -- ([a-z_]+)", text))
    assert commands <= set(get_commands())
    files = re.findall(r"`((?:ena|analyses|workflows|emgapiv2|deployment|docs)/[\w/.]+\.(?:py|md|sql))`", text)
    assert [file for file in files if not (ROOT / file).exists() and "count_" not in file] == []


def test_the_readme_leads_to_every_page():
    readme = text_of(ROOT / "README.md")
    assert [page.name for page in PAGES[1:] if f"docs/{page.name}" not in readme] == []


def test_every_task_says_what_it_does():
    told = yaml.safe_load(text_of(ROOT / "Taskfile.yml"))["tasks"]
    assert [name for name, task in told.items() if not (isinstance(task, dict) and task.get("desc"))] == []
