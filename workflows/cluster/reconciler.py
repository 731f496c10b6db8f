"""One turn of the duty ``scheduler``: look once, act on what is there (``spec/cluster-jobs.md`` §4.2)."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, Q, When, Window
from django.db.models.functions import Now, RowNumber

from workflows.cluster.backends import get_backend
from workflows.cluster.backends.base import Backend, BackendUnavailable, Sighting
from workflows.cluster.cancellation import cancel_intended
from workflows.cluster.classify import HELD_BY_US, LIVE_WORDS, base_word
from workflows.cluster.failpoints import failpoint
from workflows.cluster.identity import backend_of_new_jobs, our_token
from workflows.cluster.judging import judge_attempt
from workflows.cluster.look import Look, take_look
from workflows.cluster.secrets import mask
from workflows.cluster.states import ACTOR, LostRace
from workflows.cluster.submission import Outcome, release_held, submit_attempt
from workflows.models import Attention, ClusterJob, ClusterJobAttempt, Duty
from workflows.models.attempt import FINAL, KNOWN_TO_THE_SCHEDULER
from workflows.services.attention import clear_attention, raise_attention

logger = logging.getLogger(__name__)

A = ClusterJobAttempt.State
DUTY = "scheduler"
STEP_FAILED, MANY_MISSING = "pass_failed", "many_missing"
LEFT_TO_THE_CALLER = timedelta(seconds=5)
CANCEL_TAKES_LONG = timedelta(minutes=30)
BRAKE_JOBS, BRAKE_SHARE = 10, 0.25


def run_pass() -> bool:
    """Look once, act once; true if anything changed. It remembers nothing: skipping passes loses nothing.

    1. Live attempts, one query.  2. One listing of the scheduler.  3. Exit markers of what is missing or ended there.
    4. At most one question to accounting.  5. Classify each attempt, write only differences.  6. Strays.
    7. Expired leases, admission, submission.  8. Stale held jobs: fence and release.  9. Cancels and child sweeps.
    10. Log tail and trace are read as 5 ends an attempt, so that whoever that wakes finds them.  11. The duty's row.
    Without a healthy listing 3 to 6 and 9 are skipped: nothing is known then, and unknown ends nothing.
    """
    in_use = ClusterJob.objects.filter(state=ClusterJob.State.OPEN).values_list("backend", flat=True).distinct()
    changed = False
    for name in sorted({*in_use, backend_of_new_jobs()}):
        try:
            changed |= _pass_over(get_backend(name))
        except Exception as error:  # noqa: BLE001 - one backend's full disk must not keep the other's jobs from a look
            _show_failure("backend", name, f"the pass over {name}", error)
    return changed


def _pass_over(backend: Backend) -> bool:
    look = take_look(backend)  # 1, 2, 4
    failpoint("pass_step_5")
    if look.sightings is not None:
        look.brake = _too_many_are_missing(look)
        for attempt in look.attempts:
            _isolated(look, judge_attempt, attempt)  # 3, 5, 10
        failpoint("pass_step_6")
        _isolated(look, _end_strays)  # 6
    failpoint("pass_step_7")
    _submit_waiting(look)  # 7
    failpoint("pass_step_8")
    _release_stale(look)  # 8
    failpoint("pass_step_9")
    if look.sightings is not None:
        _isolated(look, _send_cancels)  # 9
    if look.is_good and look.sightings is not None and not look.brake:
        clear_attention(subject_kind="backend", subject_id=backend.name)
    _tell_duty(look)  # 11
    return look.changes > 0


def _isolated(look: Look, step: Callable[..., Any], *rows: ClusterJobAttempt) -> Any:
    """One poisoned row or step must not keep the others from being looked at."""
    try:
        return step(look, *rows)
    except LostRace:
        look.changes += 1  # somebody moved it: the next pass decides again
    except BackendUnavailable as error:
        logger.warning("%s: %s", look.backend.name, error)
    except Exception as error:  # noqa: BLE001 - isolation is what this loop promises; it is logged and shown
        look.is_good &= bool(rows)
        kind, subject = ("job", rows[0].job_id) if rows else ("backend", look.backend.name)
        _show_failure(kind, subject, f"{step.__name__} of {rows[0].token if rows else subject}", error)
    return None


def _show_failure(kind: str, subject_id: object, what: str, error: Exception) -> None:
    logger.error("%s failed", what, exc_info=error)
    text = mask(f"{what} failed: {error!r}; the log of the service says where")
    raise_attention(code=STEP_FAILED, subject_kind=kind, subject_id=subject_id, text=text)


def _too_many_are_missing(look: Look) -> bool:
    """The brake of §2.7: no job is lost where another cluster's listing is the likelier cause, until a person says so.

    A person who dismisses what is told here has said so, for all that were missing by then.
    """
    known = [attempt for attempt in look.attempts if attempt.state in KNOWN_TO_THE_SCHEDULER]
    missing = [attempt.missing_since for attempt in known if attempt.missing_since]
    if len(missing) <= max(BRAKE_JOBS, BRAKE_SHARE * len(known)):
        return False
    told = Attention.objects.filter(code=MANY_MISSING, subject_id=look.backend.name, cleared_at__gt=max(missing))
    if told.exclude(cleared_by="").exists():
        return False
    text = f"The scheduler denies {len(missing)} of {len(known)} jobs of ours. Is it the right one? None is given up."
    raise_attention(code=MANY_MISSING, subject_kind="backend", subject_id=look.backend.name, text=text)
    return True


def _end_strays(look: Look) -> None:
    """§2.6: our names that fit no live attempt. What has no row of ours at all is never cancelled."""
    alive = [sighting for sighting in look.sightings or [] if base_word(sighting.word) in LIVE_WORDS]
    named = [(sighting, token) for sighting in alive if (token := our_token(sighting.name, look.ours))]
    live_ids = {a.token: a.backend_job_id for a in look.attempts if a.state not in FINAL}
    odd = [(s, t) for s, t in named if t not in live_ids or (s.name == t and s.job_id != live_ids[t])]
    if not odd:
        return
    rows = ClusterJobAttempt.objects.filter(token__in={token for _, token in odd})
    known = {row.token: row for row in rows.only("token", "state", "backend_job_id", "job_id")}
    doomed, children = [], []
    for sighting, token in odd:
        row = known.get(token)
        if row is None:
            _show_stray(sighting, "unknown_job", "carries a name of ours that no row knows; it is left alone")
        elif row.state in FINAL and sighting.name == token:
            _show_stray(sighting, "came_back", "belongs to an attempt that has ended; it is cancelled")
            doomed.append(sighting.job_id)
        elif row.state in FINAL:
            children.append(sighting.job_id)
        elif row.backend_job_id not in (None, sighting.job_id) and sighting.name == token:
            if base_word(sighting.word) == "RUNNING":
                _show_stray(sighting, "duplicate", f"runs beside {row.backend_job_id}; its fence sends it home")
            doomed.append(sighting.job_id)
    look.backend.cancel(_bases(doomed), gentle=False)
    look.backend.sweep(_bases(children))


def _show_stray(sighting: Sighting, code: str, text: str) -> None:
    subject = f"{sighting.name} {sighting.job_id}"
    raise_attention(code=code, subject_kind="scheduler_job", subject_id=subject, text=f"Job {subject} {text}.")


def _submit_waiting(look: Look) -> None:
    """Expired leases first, then what is intended, as far as rate, room and time go.

    By priority and age, but of each study the first before anybody's second, what is under way counted too: one with
    500 jobs starves nobody.
    """
    slurm, cluster = settings.EMG_CONFIG.slurm, settings.EMG_CONFIG.cluster
    at_most = max(1, int(cluster.max_submits_per_second * slurm.default_seconds_between_job_checks))
    due = Q(not_before=None) | Q(not_before__lte=Now())
    left = Q(created_at__lt=Now() - LEFT_TO_THE_CALLER) | Q(submissions__gt=0)
    cancelled = Q(job__cancel_requested_at__isnull=False)
    rows = ClusterJobAttempt.objects.filter(
        Q(state=A.SUBMITTING, lease_until__lt=Now()) | Q(state=A.INTENDED) & (due & left | cancelled),
        job__backend=look.backend.name,
    )
    until = time.monotonic() + slurm.default_seconds_between_job_checks
    by_age = ("job__priority", "created_at")
    turn = Window(RowNumber(), partition_by="job__study", order_by=by_age) + _under_way(look.backend.name)
    for attempt in rows.select_related("job").annotate(turn=turn).order_by("-state", "turn", *by_age)[:at_most]:
        outcome = _isolated(look, _submit, attempt)
        if outcome is Outcome.WAITING or _is_silent(look, outcome) or time.monotonic() > until:
            return  # no room, no answer or no time: the next pass
        look.changes += outcome not in (None, Outcome.UNKNOWN)


def _under_way(backend: str) -> Case:
    """How many jobs a row's study has in the scheduler."""
    alive = ClusterJobAttempt.objects.exclude(state__in=[*FINAL, A.INTENDED]).filter(job__backend=backend)
    by_study = alive.exclude(job__study=None).values_list("job__study").annotate(Count("pk")).order_by()
    return Case(*(When(job__study=study, then=number) for study, number in by_study), default=0)


def _is_silent(look: Look, outcome: Outcome | None) -> bool:
    """No answer from a scheduler that gave no listing either; from one that did it is this one job's trouble."""
    return outcome is Outcome.UNKNOWN and look.sightings is None


def _submit(_look: Look, attempt: ClusterJobAttempt) -> Outcome:
    if attempt.state == A.INTENDED and attempt.job.cancel_requested_at:
        cancel_intended(attempt=attempt, actor=ACTOR)
        return Outcome.CANCELLED
    return submit_attempt(attempt_id=attempt.pk)


def _release_stale(look: Look) -> None:
    """Whoever recorded the id did not come to release it, or a killed controller forgot that it was released."""
    stale = ClusterJobAttempt.objects.filter(
        state=A.HELD, lease_until__lt=Now(), job__backend=look.backend.name, job__cancel_requested_at=None
    )
    for attempt in stale:
        outcome = _isolated(look, _release, attempt)
        if _is_silent(look, outcome):
            return
        look.changes += outcome is Outcome.RELEASED

    _isolated(look, _release_again)


def _release_again(look: Look) -> None:
    """§2.5: our user's own hold of a job that was released. Who wants it to stay cancels it, or holds it as admin."""
    seen = [(a, look.sighting_of(a)) for a in look.attempts if a.state == A.QUEUED and not a.job.cancel_requested_at]
    look.backend.release([s.job_id for _, s in seen if s and (s.word, s.reason) == HELD_BY_US])


def _release(look: Look, attempt: ClusterJobAttempt) -> Outcome:
    return release_held(look.backend, attempt)


def _send_cancels(look: Look) -> None:
    """C2 and C3: again in each pass until the scheduler says it is over. A dead head's children end too."""
    gentle: list[str] = []
    plain: list[str] = []
    children: list[str] = []
    for attempt in look.attempts:
        asked = attempt.job.cancel_requested_at
        if attempt.state in FINAL or not (asked or attempt.state == A.ENDING):
            continue
        children += look.children[attempt.token]
        # By what this pass has seen: a killed controller gives a known id to another job.
        if asked and attempt.state in (A.HELD, A.QUEUED, A.RUNNING) and look.sighting_of(attempt):
            overdue = look.now - asked > timedelta(seconds=attempt.job.spec["cancel_grace_seconds"])
            (plain if overdue or attempt.state != A.RUNNING else gentle).append(str(attempt.backend_job_id))
        if asked and look.now - asked > CANCEL_TAKES_LONG:
            left = [attempt.backend_job_id, *look.children[attempt.token]]
            text = f"{attempt.job.name}: cancelled {asked:%Y-%m-%d %H:%M}, still there: {', '.join(filter(None, left))}"
            raise_attention(code="cancel_takes_long", subject_kind="job", subject_id=attempt.job_id, text=text)
    look.backend.cancel(gentle, gentle=True)
    look.backend.cancel(plain, gentle=False)
    look.backend.sweep(_bases(children))


def _bases(job_ids: list[str]) -> list[str]:
    """An array is cancelled as one."""
    return list(dict.fromkeys(job_id.partition("_")[0] for job_id in job_ids))


def _tell_duty(look: Look) -> None:
    """When each source last gave a good answer, beside which every state is shown. The row is the service's."""
    answered = {"listing_at": look.sightings is not None, "accounting_at": look.accounts is not None}
    news = {"live": len(look.attempts)} | {name: look.now.isoformat() for name, good in answered.items() if good}
    for row in Duty.objects.filter(pk=DUTY):
        row.state[look.backend.name] = row.state.get(look.backend.name, {}) | news
        row.save(update_fields=["state"])
