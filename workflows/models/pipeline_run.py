"""``PipelineRun``: what Nextflow adds to one attempt; ``PipelineTask``: one row of its trace."""

from django.db import models


class PipelineRun(models.Model):
    attempt = models.OneToOneField(
        "ClusterJobAttempt", primary_key=True, on_delete=models.CASCADE, related_name="pipeline_run"
    )
    batch = models.ForeignKey("Batch", null=True, on_delete=models.CASCADE, related_name="pipeline_runs")
    round = models.PositiveSmallIntegerField(default=1)
    resumed = models.BooleanField(default=False)
    nextflow_version = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"round {self.round} of {self.batch_id}"


class PipelineTask(models.Model):
    """Units as Nextflow's raw trace has them: times epoch ms, durations ms, memory bytes."""

    id = models.BigAutoField(primary_key=True)
    pipeline_run = models.ForeignKey(PipelineRun, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    task_id = models.IntegerField()
    hash = models.CharField(max_length=20, blank=True)
    native_id = models.CharField(max_length=64, blank=True)
    process = models.CharField(max_length=200)
    tag = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=500)
    status = models.CharField(max_length=20)
    exit = models.IntegerField(null=True)
    submit = models.BigIntegerField(null=True)
    start = models.BigIntegerField(null=True)
    complete = models.BigIntegerField(null=True)
    duration = models.BigIntegerField(null=True)
    realtime = models.BigIntegerField(null=True)
    cpu_percent = models.FloatField(null=True)
    peak_rss = models.BigIntegerField(null=True)
    peak_vmem = models.BigIntegerField(null=True)
    rchar = models.BigIntegerField(null=True)
    wchar = models.BigIntegerField(null=True)
    attempt = models.IntegerField(null=True)
    workdir = models.TextField(blank=True)
    cpus = models.IntegerField(null=True)
    memory = models.BigIntegerField(null=True)
    time = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline_run", "task_id"], name="one_row_a_task")]
        indexes = [
            models.Index(fields=["pipeline_run", "status"], name="task_run_status"),
            models.Index(fields=["process", "status"], name="task_process_status"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"
