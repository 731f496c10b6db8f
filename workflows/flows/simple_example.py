"""The smallest flow: plain Prefect, no Django, no database. ``python workflows/flows/simple_example.py``."""

import os
import re
import sys

import requests
from prefect import flow, task

GITHUB_API = os.environ.get("EMG_EXAMPLES__GITHUB_API", "https://api.github.com")
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
TIMEOUT_SECONDS = 10


class NoStars(RuntimeError):
    """Why the stars of a repository are not known, in one line."""


@task(
    retries=2,
    retry_delay_seconds=1,
    retry_condition_fn=lambda _task, _run, state: "no such" not in (state.message or ""),
)
def get_stars(repo: str) -> int:
    """The number of stars of ``owner/name``.

    :raises NoStars: the repository does not exist, or GitHub cannot be asked
    """
    try:
        answer = requests.get(f"{GITHUB_API}/repos/{repo}", timeout=TIMEOUT_SECONDS)
        if answer.status_code == requests.codes.not_found:
            raise NoStars(f"{repo}: no such repository")
        answer.raise_for_status()
        return answer.json()["stargazers_count"]
    except requests.RequestException as error:
        raise NoStars(f"{repo}: {GITHUB_API} does not answer: {error}") from error


@flow(name="GitHub Stars", log_prints=True)
def github_stars(repos: list[str]) -> None:
    """Print the stars of each repository; one that fails does not hide the others.

    :raises ValueError: a name that is none, before anything is asked
    :raises NoStars: naming all that failed
    """
    wrong = [repo for repo in repos if not REPOSITORY.fullmatch(repo)]
    if wrong:
        raise ValueError(f"not owner/name: {', '.join(wrong)}")
    failed = []
    for repo, future in [(repo, get_stars.submit(repo)) for repo in repos]:
        try:
            print(f"{repo}: {future.result()}")  # noqa: T201 - printing is what this flow is for
        except NoStars as error:
            failed.append(str(error))
    if failed:
        raise NoStars("; ".join(failed))


if __name__ == "__main__":
    try:
        github_stars(["EBI-Metagenomics/emg-viral-pipeline"])
    except NoStars as error:
        sys.exit(str(error))
