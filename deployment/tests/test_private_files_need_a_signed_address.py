"""The file server of the private area, a real nginx, against the API's own signatures and its table of vectors."""

import json
import os
import re
import shutil
import subprocess
import time
from http.client import HTTPConnection

import pytest

from deployment.local.environment import CHECKOUT, is_free
from emgapiv2.api.signing import signed_url
from emgapiv2.config import Downloads
from emgapiv2.tests.test_signature_vectors import CHANGES, HOLDER, OF_V2, PATH

FILES = CHECKOUT / "deployment" / "files"
KEYS = {"new": "secret of the new key", "old": "secret of the old key"}
PORT = next(port for port in range(18080, 18180) if is_free(port))


@pytest.fixture
def scheme(settings):
    def use(name, keys=KEYS):
        downloads = Downloads(signature=name, signing_keys=keys, private_data_url_root="http://files/private/")
        settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"downloads": downloads})

    use("v2")
    return use


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """What the server writes; it runs on the shipped files."""
    if shutil.which("nginx") is None:
        pytest.skip("there is no nginx here")
    home = tmp_path_factory.mktemp("files")
    own = {"/tmp": home, "/results": home / "results", "8082": PORT, "/private-data/": "/private/"}
    for file in FILES.iterdir():  # the folders and the port of this test, and the root that the vectors have
        text = re.sub("|".join(own), lambda found: str(own[found[0]]), file.read_text())
        (home / file.name).write_text(text)
    file = home / "results" / "private" / PATH
    file.parent.mkdir(parents=True)
    file.write_text("what is in it")
    (file.parent / "way-out").symlink_to("/etc/hostname")
    for folder in (home, *home.rglob("*")):
        folder.chmod(0o755)
    for folder in list(home.parents)[:3]:  # as root nginx hands its requests to a user of its own
        folder.chmod(folder.stat().st_mode | 0o011)
    argv = ["nginx", "-c", str(home / "private.conf"), "-p", str(home)]
    environment = os.environ | {"EMG_DOWNLOADS__SIGNING_KEYS": json.dumps(KEYS)}
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)
    for _ in range(100):
        if not is_free(PORT):
            break
        time.sleep(0.1)
    yield home / "log"
    server.terminate()
    server.wait(10)


def asked(path=PATH, now=None):
    return signed_url(path, holder=HOLDER, now=now or int(time.time())).removeprefix("http://files")


def answer(uri, method="GET"):
    connection = HTTPConnection("127.0.0.1", PORT, timeout=10)
    connection.putrequest(method, "/")
    connection._buffer[0] = f"{method} {uri} HTTP/1.1".encode()  # as it stands: a client would refuse or mend it
    connection.endheaders()
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def test_what_the_api_signs_is_served(log, scheme):
    assert answer(asked()) == (200, "what is in it")
    assert answer(asked(), "HEAD") == (200, "")
    assert answer(asked(), "PUT")[0] == 403
    scheme("v2", dict(reversed(KEYS.items())))
    assert answer(asked())[0] == 200, "the key before is good while it is listed"


@pytest.mark.parametrize("what", CHANGES | OF_V2)
def test_each_component_changed_is_403(log, scheme, what):
    old, new = (CHANGES | OF_V2)[what]
    assert old in asked()
    assert answer(asked().replace(old, new, 1))[0] in (400, 403)


def test_what_is_over_is_410_and_what_lies_far_ahead_403(log, scheme):
    now = int(time.time())
    assert answer(asked(now=now - 901))[0] == 410
    assert answer(asked(now=now + 120))[0] == 403
    scheme("v1")
    assert answer(asked())[0] == 403, "one scheme at a time"


def test_nothing_but_files_of_the_area(log, scheme):
    folder = PATH.rpartition("/")[0]
    assert answer(asked(folder))[0] in (301, 403), "no listing"
    assert answer(asked(f"{folder}/way-out"))[0] == 403, "no link out of it"
    assert answer(asked(f"{folder}/nothing"))[0] == 404
    cut = asked(f"{PATH}#more")
    assert answer(cut)[0] == 404
    assert answer(cut.replace("%23", "#"))[0] == 403, "nginx would cut it there"
    for uri in ("/", "/private/", "/private", f"/private/{PATH.replace(' ', '%20')}"):
        assert answer(uri)[0] == 403, uri


def test_the_log_names_the_holder_and_holds_no_signature(log, scheme):
    uri = asked()
    answer(uri)
    text = log.read_text()
    assert f"sub={uri.partition('sub=')[2].partition('&')[0]}" in text
    assert "sig=" not in text
    assert uri.partition("sig=")[2] not in text
