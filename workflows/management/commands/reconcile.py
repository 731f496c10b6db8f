"""The one background service: ``manage.py reconcile``."""

import contextlib
import logging
import os
import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.duties import REGISTRY, Service, open_wire, take_lead
from workflows.services.attention import raise_attention
from workflows.start_checks import START

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.5
LOOK_SECONDS = 5
HUNG = 70


class Command(BaseCommand):
    help = "Does the duties of the platform: watches jobs, launches and wakes flows. Stops on SIGTERM or Ctrl-C."
    requires_system_checks = [START]

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        return super().get_check_kwargs(options) | {"include_deployment_checks": True}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one turn of each duty, then end; exit 1 if one failed")
        parser.add_argument("--only", nargs="+", metavar="NAME", choices=sorted(REGISTRY), help="only these duties")

    def handle(self, *, once: bool, only: list[str] | None, **_: object) -> None:
        service = Service([duty for name, duty in REGISTRY.items() if only is None or name in only])
        if once:
            run_once(service)
        else:
            run(service)


def run_once(service: Service) -> None:
    """:raises CommandError: a duty failed; the others had their turn"""
    failed = []
    for duty in service.duties:
        with contextlib.closing(open_wire(())) as wire:
            if not take_lead(wire, duty.name):
                logger.info("duty %s: another process does it", duty.name)
            elif service.do_turn(duty) is None:
                failed.append(duty.name)
    if failed:
        raise CommandError(f"failed: {', '.join(failed)}")


def run(service: Service) -> None:
    """Until a signal comes. A turn that is still running then is cut off: every duty is safe under that."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    threads = service.start()
    logger.info("reconcile started, pid %d: %s", os.getpid(), ", ".join(duty.name for duty in service.duties))
    while not service.stopped:
        service.sleep(LOOK_SECONDS)
        if hanging := service.hanging():
            leave_to_supervisor(hanging)
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    cut = [thread.name for thread in threads if thread.is_alive()]
    logger.info("reconcile stopped%s", f", in the middle of: {', '.join(cut)}" if cut else "")
    if cut:
        sys.stdout.flush()
        os._exit(0)  # a thread inside a call cannot be ended otherwise


def leave_to_supervisor(hanging: list[str]) -> None:
    """A thread cannot be killed; a process can, and whoever started it starts it anew."""
    logger.critical("duties hang: %s; leaving, to be started again", ", ".join(hanging))
    with contextlib.suppress(Exception):  # the end must come even if the database is what hangs
        for name in hanging:
            raise_attention(code="duty_hangs", subject_kind="duty", subject_id=name, text=f"The duty {name} hung.")
    os._exit(HUNG)
