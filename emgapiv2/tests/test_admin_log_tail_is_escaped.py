import pytest
from django.urls import reverse

from analyses.tests.factories import make_run, make_study
from emgapiv2.tests.admin_rows import make_batch, make_head, make_question, make_task
from workflows.models import BatchMember, PipelineRun

EVIL = "<script>alert('log')</script>"
TOLD = "&lt;script&gt;alert(&#x27;log&#x27;)&lt;/script&gt;"


@pytest.mark.django_db
def test_what_jobs_printed_is_shown_and_never_run(admin_client):
    job = make_head(log_tail=f"line one\n{EVIL}", evidence=EVIL)
    make_task(PipelineRun.objects.get(attempt__job=job), 2, process=EVIL, workdir=EVIL)
    batch = make_batch(make_study(), job)
    run = make_run(batch.study)
    BatchMember.objects.create(batch=batch, slug="x", run=run, faults=[EVIL], evidence={EVIL: EVIL})
    for row, times in ((job, 5), (batch, 2), (make_question(why=EVIL), 1)):
        page = admin_client.get(reverse(f"admin:workflows_{row._meta.model_name}_change", args=[row.pk])).text
        assert EVIL not in page
        assert page.count(TOLD) >= times, row


@pytest.mark.django_db
def test_the_log_keeps_its_lines(admin_client):
    job = make_head(log_tail="  indented\nnext")
    page = admin_client.get(reverse("admin:workflows_clusterjob_change", args=[job.pk])).text
    assert ">  indented\nnext</pre>" in page
