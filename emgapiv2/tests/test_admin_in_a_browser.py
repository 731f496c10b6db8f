"""Screenshots are kept in ``TEST_SCREENSHOTS`` if it names a folder."""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from analyses.tests.factories import make_analysis, make_run, make_study
from emgapiv2.tests.admin_rows import make_everything, make_head, make_question, make_task
from workflows.models import ClusterJob, FlowRun, PipelineRun

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOG = "N E X T F L O W  ~  version 24.10.0\n" + "\n".join(
    f"[{n:02x}/a1b2c3] Submitted process > MERGE ({n})" for n in range(9)
)


@pytest.fixture
def job():
    job = make_head(make_study(), attempts=2, tasks=0, log_tail=LOG, backend_job_id="4711", reason="Priority")
    head = PipelineRun.objects.get(attempt__job=job, attempt__number=2)
    for number in range(1, 13):
        process = "MINI_AMPLICON:MERGE_PAIRS" if number % 2 else "MINI_AMPLICON:ASSIGN_READS"
        make_task(head, number, status={3: "FAILED", 4: "CACHED"}.get(number, "COMPLETED"), process=process)
    return job


@pytest.fixture
def signed_in(page, live_server):
    User.objects.create_superuser("anna", password="a long passphrase")
    page.goto(f"{live_server.url}/admin/")
    page.fill("input[name=username]", "anna")
    page.fill("input[name=password]", "a long passphrase")
    page.click("button[type=submit]")
    return page


def keep(page, name):
    if folder := os.environ.get("TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_an_operator_reads_a_job_and_cancels_it(signed_in, live_server, job):
    page, faults = signed_in, []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda answer: answer.status >= 400 and faults.append(f"{answer.status} {answer.url}"))
    keep(page, "index")
    page.goto(f"{live_server.url}/admin/workflows/clusterjob/")
    keep(page, "jobs")
    page.click(f"text={job.name}")
    page.wait_for_url("**/change/**")
    for name, width, scheme in (("desktop", 1440, "light"), ("desktop", 1440, "dark"), ("phone", 390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.reload()
        page.locator("pre", has_text="N E X T F L O W").first.wait_for()
        page.locator("td", has_text="MINI_AMPLICON:MERGE_PAIRS").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}: the page is too wide"
        keep(page, f"job-{name}-{scheme}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("a:visible", has_text="Cancel").first.click()
    page.locator("#dialog input[name=reason]").fill("seen enough")
    keep(page, "cancel")
    page.locator("#dialog button[type=submit]").click()
    page.get_by_text("seen enough").first.wait_for()
    assert ClusterJob.objects.get().state == "CANCELLED"
    assert faults == []


def test_a_question_is_answered_in_the_dark(signed_in, live_server):
    decision = make_question(why="**A study** has 12 samples.\n\n| type | runs |\n|---|---|\n| AMPLI | 12 |")
    page = signed_in
    page.emulate_media(color_scheme="dark")
    page.goto(f"{live_server.url}/admin/workflows/decision/{decision.pk}/change/")
    keep(page, "decision-dark")
    page.select_option("select[name=biome]", "root:Engineered")
    page.click("button[name=_save]")
    page.get_by_text("Answered: the flow goes on.").wait_for()
    decision.refresh_from_db()
    assert decision.answer["biome"] == "root:Engineered"


def tab_to(page, selector):
    """By the Tab key alone, as whoever has no mouse: it is reached, and it can be seen where one is."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.locator(":focus").is_visible()
            return
    raise AssertionError(f"{selector} is not reached")


def test_a_question_is_found_and_answered_by_keyboard_alone(page, live_server):
    decision = make_question()
    User.objects.create_superuser("anna", password="a long passphrase")
    page.goto(f"{live_server.url}/admin/")
    for name, text in (("username", "anna"), ("password", "a long passphrase")):
        if page.evaluate("document.activeElement.name") != name:
            tab_to(page, f"input[name={name}]")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.get_by_text("Jobs under way").first.wait_for()
    tab_to(page, f"a[href$='/decision/{decision.pk}/change/']")
    page.keyboard.press("Enter")
    page.locator("select[name=biome]").wait_for()
    tab_to(page, "select[name=biome]")
    page.keyboard.type("root:Eng")
    tab_to(page, "button[name=_save]")
    page.keyboard.press("Enter")
    page.get_by_text("Answered: the flow goes on.").wait_for()
    decision.refresh_from_db()
    assert decision.answer["biome"] == "root:Engineered"


def test_the_curators_pages_stand_on_a_screen_and_on_a_phone(signed_in, live_server):
    page, rows, faults = signed_in, make_everything(2), []
    for state in ("planned", "failed", "published", "published"):
        make_analysis(make_run(rows["study"]), state=state)
    page.on("pageerror", lambda error: faults.append(str(error)))
    for name in ("study", "assembly", "publication", "superstudy", "analysisrequest", "attention", "notice"):
        row = rows[name]
        lists = f"{live_server.url}/admin/{row._meta.app_label}/{row._meta.model_name}"
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{lists}/{row.pk}/change/")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}: too wide for {width}"
            keep(page, f"{name}-{width}")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{lists}/")
        keep(page, f"{name}-list")
    page.goto(f"{live_server.url}/admin/analyses/study/{rows['study'].pk}/change/")
    page.locator("a:visible", has_text="More").first.click()
    keep(page, "study-more")
    page.locator("a:visible", has_text="Merge into another").first.click()
    page.locator("#dialog input[name=keep]").fill("MGYS99999999")
    page.locator("#dialog button[type=submit]").click()
    page.get_by_text("no such study here").wait_for()
    keep(page, "study-merge")
    page.goto(f"{live_server.url}/admin/analyses/study/{rows['study'].pk}/change/")
    page.locator("a:visible", has_text="Start").first.click()
    keep(page, "study-start")
    page.locator("a:visible", has_text="Download a study").first.click()
    page.locator("#dialog button[type=submit]").wait_for()
    keep(page, "study-start-dialog")
    page.locator("#dialog button[type=submit]").click()
    page.get_by_text("Asked for.").wait_for()
    keep(page, "flow-run-asked-for")
    assert FlowRun.objects.get(deployment="realistic_example_deployment").requested_by == "staff:anna"
    assert faults == []


def test_every_page_stands_on_a_phone_in_the_dark(signed_in, live_server):
    page, rows, faults = signed_in, make_everything(2), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda answer: answer.status >= 400 and faults.append(f"{answer.status} {answer.url}"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    for name, row in {"index": None, **rows}.items():
        lists = f"{live_server.url}/admin/" + (f"{row._meta.app_label}/{row._meta.model_name}/" if row else "")
        for what in ("list", "change") if row else ("",):
            page.goto(lists + (f"{row.pk}/change/" if what == "change" else ""))
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                faults.append(f"{name} {what}: too wide")
            keep(page, f"phone-dark-{name}-{what}")
    assert faults == []
