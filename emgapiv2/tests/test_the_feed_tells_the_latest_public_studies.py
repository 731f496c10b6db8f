from xml.etree import ElementTree

import pytest

from analyses.models import Study
from analyses.tests.factories import make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
FEED = f"{PREFIX}/rss/studies/"
ATOM = "{http://www.w3.org/2005/Atom}"


def test_latest_first_and_nothing_private(client, django_assert_num_queries):
    old, new = (
        make_study(title="old \x01<b>", metadata={"study_description": "waves", "center_name": "EMBL"}),
        make_study(),
    )
    make_study(level=1, title="canary")
    Study.objects.filter(pk=new.pk).update(title="new")
    with django_assert_num_queries(1):
        answer = client.get(FEED)
    assert answer["Content-Type"].startswith("application/rss+xml")
    channel = ElementTree.fromstring(answer.content).find("channel")
    assert channel.findtext("title") == "MGnify Latest Studies"
    items = channel.findall("item")
    assert [item.findtext("title") for item in items] == [f"{new.accession}: new", f"{old.accession}: old <b>"]
    assert items[1].findtext("description") == f"{old.first_accession}: waves"
    assert items[1].findtext("link").endswith(f"/{old.accession}")
    assert items[1].findtext("category") == "Marine"
    assert b"canary" not in answer.content
    assert client.get(FEED, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get(FEED.rstrip("/")).content == answer.content


def test_as_atom_and_no_more_than_configured(client, settings):
    few = settings.EMG_CONFIG.distribution.model_copy(update={"latest_studies_feed_count": 1})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"distribution": few})
    for _ in range(2):
        make_study()
    feed = ElementTree.fromstring(client.get(FEED, {"format": "atom"}).content)
    assert feed.tag == f"{ATOM}feed"
    assert len(feed.findall(f"{ATOM}entry")) == 1
    assert client.get(FEED, {"format": "x"}).status_code == 422
