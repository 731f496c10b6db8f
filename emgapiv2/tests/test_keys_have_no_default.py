import os
import subprocess
import sys

import pytest

LONG = "l" * 50
START = "import emgapiv2.settings as settings; print(len(settings.JWT_SECRET_KEY))"


def start(**keys):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMG_")}
    environment = kept | {f"EMG_{name}": value for name, value in keys.items()}
    return subprocess.run([sys.executable, "-c", START], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"WEB__SECRET_KEY": LONG}, "EMG_WEBIN__JWT_SECRET_KEY: required"),
        ({"WEBIN__JWT_SECRET_KEY": LONG}, "EMG_WEB__SECRET_KEY: required"),
        ({"WEB__SECRET_KEY": LONG, "WEBIN__JWT_SECRET_KEY": LONG}, "no two may be equal"),
        ({"WEB__SECRET_KEY": "a", "WEBIN__JWT_SECRET_KEY": "lllll"}, "at least 32 characters"),
    ],
)
def test_a_wrong_key_stops_the_start_and_is_not_told(keys, told):
    done = start(**keys)
    assert done.returncode != 0
    assert told in done.stderr
    assert "lllll" not in done.stderr


def test_two_keys_start_and_development_needs_none():
    assert start(WEB__SECRET_KEY=LONG, WEBIN__JWT_SECRET_KEY=LONG[1:]).stdout == "49\n"
    assert int(start(WEB__DEBUG="true").stdout) > 32
