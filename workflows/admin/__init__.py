"""The work, for operators: what runs, what failed and why, what needs a person (``spec/cluster-jobs.md`` §8)."""

from django.contrib import admin

from workflows.admin import attention, batches, decisions, duties, flow_runs, jobs, notices, studies

admin.site.index_title = "What needs a person, what runs"
admin.site.index_template = "workflows/admin_index.html"

__all__ = ["attention", "batches", "decisions", "duties", "flow_runs", "jobs", "notices", "studies"]
