"""A client that ``openapi-python-client`` makes of our document calls every GET over HTTP, and reads each answer."""

import importlib
import json
import re
import subprocess
import sys
from datetime import datetime
from subprocess import PIPE, STDOUT

import pytest

from emgapiv2.api.sliding import issue_sliding_token
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import document, gets
from emgapiv2.tests.things import names_for

pytestmark = pytest.mark.django_db
OPTIONS = "post_hooks: []\nliteral_enums: true\n"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
STAFF = ("/flow-runs", "/deployments", "/decisions")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package of the client, which lives for this file."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document()))
    (folder / "options.yml").write_text(OPTIONS)
    command = ["openapi-python-client", "generate", "--path", "openapi.json", "--config", "options.yml"]
    command += ["--meta", "none", "--output-path", "strict_client"]
    done = subprocess.run(command, cwd=folder, stdout=PIPE, stderr=STDOUT, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout
    # The one answer it knows no way to hold is the picture of a super study.
    assert done.stdout.count("WARNING") == 1, done.stdout
    sys.path.insert(0, str(folder))
    yield importlib.import_module("strict_client")
    sys.path.remove(str(folder))


def module_of(package, operation):
    tag = document()["paths"][gets()[operation]]["get"]["tags"][0].lower().replace(" ", "_")
    return importlib.import_module(f"{package.__name__}.api.{tag}.{operation}")


@pytest.mark.parametrize("operation", gets())
def test_a_generated_client_reads_every_page(package, served_things, operation):
    path = gets()[operation]
    token = issue_sliding_token(account=OWNER)
    with package.AuthenticatedClient(base_url=served_things["site"], token=token) as client:
        answer = module_of(package, operation).sync_detailed(client=client, **names_for(path, served_things))
    if any(part in path for part in STAFF):
        assert answer.status_code == 401, "an owner's token is none for staff"
        return
    assert answer.status_code == 200, answer.content
    assert with_times(answer.parsed.to_dict()) == with_times(json.loads(answer.content))


def with_times(node):
    """Times as such: the client tells them again in another form."""
    if isinstance(node, dict):
        return {key: with_times(value) for key, value in node.items()}
    if isinstance(node, list):
        return [with_times(value) for value in node]
    return datetime.fromisoformat(node) if isinstance(node, str) and TIME.match(node) else node
