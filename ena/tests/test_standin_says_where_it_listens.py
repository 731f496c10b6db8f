import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("start", [["-m", "ena.standin"], ["manage.py", "run_ena_standin"]], ids=["plain", "django"])
def test_the_first_line_is_the_address_of_a_server_that_answers(start):
    command = [sys.executable, *start, "--port", "0", "--seed", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            said, _, url = process.stdout.readline().strip().rpartition(" ")
            assert said == "stand-in ENA ready at"
            assert requests.get(f"{url}/ena/portal/api/count?result=study", timeout=5).status_code == 200
        finally:
            process.terminate()
