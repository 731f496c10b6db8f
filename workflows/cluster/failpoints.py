"""Where tests may stop a process: ``EMG_FAILPOINT=<name>[:n][:kill|sleep=<s>|raise]``."""

import os
import signal
import time
from collections import Counter

_passed: Counter[str] = Counter()


class FailpointReached(Exception):
    """A test asked for an error here."""


def failpoint(name: str) -> None:
    """Do nothing, unless the environment enables failpoints and names this one (``n``: its n-th passing)."""
    if not os.environ.get("EMG_FAILPOINTS_ENABLED"):
        return
    wanted, *options = os.environ.get("EMG_FAILPOINT", "").split(":")
    if wanted != name:
        return
    _passed[name] += 1
    turn = next((int(option) for option in options if option.isdigit()), 1)
    if _passed[name] != turn:
        return
    action = next((option for option in options if not option.isdigit()), "kill")
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action.startswith("sleep="):
        time.sleep(float(action.removeprefix("sleep=")))
    else:
        raise FailpointReached(name)
