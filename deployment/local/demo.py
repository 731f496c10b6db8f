"""The demonstration: one study from its accession to a published analysis, and what a person sees of it."""

import time
from collections.abc import Callable
from typing import Any

import requests
from rich.console import Console
from rich.markup import escape

from deployment.local.processes import StepFailed
from deployment.local.stack import ADMIN, Stack

DEMO_STUDY = "PRJEB99900001"
LONGEST_FLOW_SECONDS = 1800
FINAL = {"completed", "failed", "cancelled", "refused"}
BIOME = "root:Environmental:Aquatic:Marine"


class Operator:
    """Somebody with a token for the API, who starts flows and answers what they ask."""

    def __init__(self, stack: Stack, console: Console) -> None:
        self.stack = stack
        self.console = console
        token = stack.manage("create_api_token", ADMIN, "--name", "demo", "--scopes", "read", "launch").strip()
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **parameters: str) -> Any:
        """A JSON answer of the API. :raises StepFailed: with the status and body of a refusal"""
        return self._checked(self.http.get(f"{self.stack.api}{path}", params=parameters, timeout=30))

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        """The same for a POST."""
        return self._checked(self.http.post(f"{self.stack.api}{path}", json=body, headers=headers, timeout=30))

    def run_flow(self, deployment: str, parameters: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> dict:
        """Start a deployment, answer its questions, and wait for its end, telling each change.

        :param answer: called with each open question, once
        :returns: the finished flow run as the API shows it
        :raises StepFailed: it failed, or took too long
        """
        key = f"demo:{deployment}:{parameters}"
        run = self.post("/flow-runs/", {"deployment": deployment, "parameters": parameters}, **{"Idempotency-Key": key})
        answered: set[str] = set()
        told = ""
        deadline = time.monotonic() + LONGEST_FLOW_SECONDS
        with self.console.status("") as status:
            while run["state"] not in FINAL:
                if time.monotonic() > deadline:
                    raise StepFailed(
                        f"{deployment} did not end within {LONGEST_FLOW_SECONDS} s: {run['links']['prefect']}"
                    )
                for name in self.stack.processes.restart_the_dead():
                    self.console.print(f"    [yellow]{name} had died and was started again[/]")
                now = _in_words(run)
                status.update(now)
                if now != told and not self.console.is_terminal:
                    self.console.print(f"    {now}")
                told = now
                for question in run["questions"]:
                    if question["id"] not in answered:
                        answer(question)
                        answered.add(question["id"])
                time.sleep(1)
                run = self.get(f"/flow-runs/{run['id']}")
        if run["state"] != "completed":
            raise StepFailed(f"{deployment} {run['state']}: {run['error']}")
        return run

    def answer_in_dashboard(self, question: dict[str, Any]) -> None:
        """Fill in the form of a suspended run, by the call that the dashboard's Resume button makes."""
        url = f"{self.stack.place.url('prefect')}/api/flow_runs/{question['prefect_id']}/resume"
        deadline = time.monotonic() + 60
        while True:  # the form is stored a moment after the run is paused
            reply = requests.post(url, json={"run_input": {"samples_limit": 10}}, timeout=30)
            if reply.ok and reply.json().get("status") != "REJECT" and reply.json().get("status") != "ABORT":
                break
            if time.monotonic() > deadline:
                raise StepFailed(f"the question {question['question']} could not be answered: {reply.text[:500]}")
            time.sleep(0.5)
        self._tell(question, "samples_limit = 10", "in Prefect's form")

    def answer_by_api(self, question: dict[str, Any]) -> None:
        """Take the proposed settings and name the biome."""
        answer = question["initial"] | {"biome": question["initial"].get("biome") or BIOME}
        self.post(f"/decisions/{question['id']}/answer", {"answer": answer})
        self._tell(question, f"biome = {answer['biome']}", "by the API")

    def _tell(self, question: dict[str, Any], answer: str, where: str) -> None:
        self.console.print(f"    asked “{question['question']}”, answered {where}: {answer}", highlight=False)

    @staticmethod
    def _checked(reply: requests.Response) -> Any:
        if not reply.ok:
            raise StepFailed(f"{reply.request.method} {reply.url} answered {reply.status_code}: {reply.text[:800]}")
        return reply.json()


def run_demo(stack: Stack, console: Console, accession: str) -> Operator:
    """Run the two flows. The operator goes on to show what they made.

    :raises StepFailed: naming the step
    """
    operator = Operator(stack, console)
    console.print("\n[bold]Flow 1[/]  Download a study read-runs", highlight=False)
    first = operator.run_flow("realistic_example_deployment", {"accession": accession}, operator.answer_in_dashboard)
    _tell_end(console, first)
    console.print("\n[bold]Flow 2[/]  Analyse a study, with the pipeline mini_amplicon", highlight=False)
    parameters = {"study_accession": accession, "pipeline": "mini_amplicon"}
    second = operator.run_flow("analyse_study_deployment", parameters, operator.answer_by_api)
    _tell_end(console, second)
    return operator


def _in_words(run: dict[str, Any]) -> str:
    if run["questions"]:
        return f"{run['state']}: waits for an answer"
    waits = [f"{work['name']} ({work['state']})" for work in run["waiting_for"]]
    return (
        f"{run['state']}: waits for {', '.join(waits[:3])}{' …' if len(waits) > 3 else ''}" if waits else run["state"]
    )


def _tell_end(console: Console, run: dict[str, Any]) -> None:
    console.print(f"    [green]{run['state']}[/], asleep {run['suspensions']} times on the way", highlight=False)
    if run["error"]:
        console.print(f"    [yellow]with failures:[/] {escape(run['error'])}", highlight=False, soft_wrap=True)
