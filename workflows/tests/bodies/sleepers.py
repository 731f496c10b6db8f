"""Flows the tests deploy: each signs a ledger at every step, so that a test can count what happened."""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows.prefect_utils.ask import ask_a_person
from workflows.prefect_utils.child_runs import start_run, wait_for_runs
from workflows.prefect_utils.django_flow import completed_with_failures, django_flow, this_run
from workflows.prefect_utils.job_results import wait_for_cluster_jobs

from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import JobRequest, record_intent
from workflows.tests.bodies import offer

offer()  # before the decorators ask for it


def sign(ledger: str, word: str) -> None:
    with Path(ledger).open("a") as file:
        file.write(f"{word} {os.getpid()}\n")


def intend_job(name: str):
    """A job that only the test moves: it is intended and never submitted."""
    request = JobRequest(
        name=name, kind="COMMAND", working_dir="/tmp", argv=["true"], memory_mib=64, time_limit_seconds=60,
        logical_key=f"test:{name}",
    )  # fmt: skip
    execution = this_run()
    return record_intent(
        request=request,
        policy=POLICIES["ResubmitIfFailedPolicy"],
        actor=execution.actor,
        caller=execution.caller(f"job:{name}"),
    ).job


@django_flow(flow_run_name="Sleeper")
def sleeper(name: str, ledger: str):
    sign(ledger, "entered")
    job = intend_job(name)
    sign(ledger, "waits")
    (result,) = wait_for_cluster_jobs([job], on_failure="return")
    sign(ledger, f"done:{result.state}")
    if result.state != "SUCCEEDED":
        return completed_with_failures(f"{name} is {result.state}")
    return None


@django_flow(flow_run_name="Parent")
def parent(name: str, ledger: str):
    children = [start_run("sleeper_deployment", name=f"{name}-{n}", ledger=ledger) for n in range(2)]
    for child in wait_for_runs(children):
        sign(ledger, f"child:{child.state}")


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    samples_limit: int = Field(ge=1)
    colour: Literal["red", "blue"] = "red"


@django_flow(flow_run_name="Asker")
def asker(name: str, ledger: str):
    sign(ledger, "entered")
    answer = ask_a_person(
        question="options", subject=name, form=Options, initial={"samples_limit": 10}, why="**How many** samples?"
    )
    sign(ledger, f"answer:{answer.samples_limit}:{answer.colour}")


@django_flow(flow_run_name="Failer")
def failer(ledger: str):
    sign(ledger, "entered")
    raise ValueError("this body always fails")
