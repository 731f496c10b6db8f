import threading

import pytest
from django.test import Client

from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.signing_in import RIGHT
from ena.models import Throttle
from ena.throttle import take_turn

pytestmark = pytest.mark.django_db
PROXY = "10.0.0.1"
ODD = {"username": "nobody", "password": "x"}


@pytest.fixture
def behind_proxy(configure):
    configure(api={"trusted_proxies": [__import__("ipaddress").ip_network("10.0.0.0/8")]})


def try_from(address, body=ODD, peer=PROXY):
    headers = {"X-Forwarded-For": address}
    return Client().post(f"{PREFIX}/auth/sliding", body, "application/json", REMOTE_ADDR=peer, headers=headers)


def test_the_eleventh_try_from_an_address_waits(behind_proxy):
    assert [try_from("192.0.2.1").status_code for _ in range(11)] == [401] * 10 + [429]
    answer = try_from("192.0.2.1")
    assert answer.json()["code"] == "throttled"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert try_from("192.0.2.2").status_code == 401


def test_throttle_counts_addresses_behind_the_proxy(behind_proxy):
    """What a caller writes into the header counts for nothing, from the left of it or from outside."""
    made_up = [try_from(f"198.51.100.{number}, 192.0.2.1").status_code for number in range(11)]
    assert made_up == [401] * 10 + [429]
    direct = [try_from(f"198.51.100.{number}", peer="203.0.113.1").status_code for number in range(11)]
    assert direct == [401] * 10 + [429]


def test_addresses_of_one_network_count_as_one(behind_proxy):
    assert [try_from(f"2001:db8::{number}").status_code for number in range(1, 12)] == [401] * 10 + [429]
    assert try_from("2001:db8:0:1::1").status_code == 401


def test_the_sixth_try_with_an_account_waits_wherever_from(standin, behind_proxy):
    wrong = {"username": OWNER, "password": "wrong"}
    tries = [try_from(f"192.0.2.{number}", wrong).status_code for number in range(4)]
    tries += [try_from("192.0.2.8", wrong | {"username": f"mg-{OWNER}"}).status_code]
    assert tries == [401] * 5
    asked = len(standin.requests())
    assert try_from("192.0.2.9", RIGHT).status_code == 429
    assert len(standin.requests()) == asked, "ENA is not asked"
    assert try_from("192.0.2.9", RIGHT | {"username": "Webin-99900002"}).status_code == 200


def test_turns_come_back_and_are_forgotten():
    Throttle.objects.create(key="sign-in as long-gone")
    assert [take_turn(key="sign-in as x", per_minute=600) for _ in range(600)] == [0] * 600
    assert not Throttle.objects.filter(key="sign-in as long-gone").exists()
    wait = take_turn(key="sign-in as x", per_minute=2)
    assert 0 < wait <= 60
    threading.Event().wait(0.2)
    assert take_turn(key="sign-in as x", per_minute=600) == 0
