"""Processes that are killed and started again until their work is done."""

import logging
import os
import signal
import traceback
from pathlib import Path

from django.db import Error, connections

DONE, DATABASE_AWAY = 0, 3


class Mortal:
    """A process that does ``work``; a fork, so that settings, PATH and test database are the test's own.

    :param failpoints: names of which half of its lives get one armed, at its first to third passing
    """

    def __init__(self, work, *, dice, log: Path, failpoints=()):
        self.work, self.dice, self.log, self.failpoints = work, dice, log, failpoints
        self.deaths, self.pid, self.is_done = 0, None, False

    def start(self):
        armed = self.failpoints and self.dice.random() < 0.5
        failpoint = f"{self.dice.choice(self.failpoints)}:{self.dice.randint(1, 3)}:kill" if armed else ""
        connections.close_all()
        self.pid = os.fork()
        if self.pid == 0:
            self._live(failpoint)

    def _live(self, failpoint):
        end = 1
        try:
            logging.basicConfig(filename=self.log, force=True, format="%(process)d %(asctime)s %(message)s")
            os.environ |= {"EMG_FAILPOINTS_ENABLED": "1", "EMG_FAILPOINT": failpoint}
            self.work()
            end = DONE
        except Error:
            end = DATABASE_AWAY
        except BaseException:  # noqa: BLE001 - told to the parent by its exit code, and in the log
            with self.log.open("a") as log:
                traceback.print_exc(file=log)
        finally:
            os._exit(end)

    def kill(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    def tend(self):
        """Start it again if it died. :raises AssertionError: it failed by itself"""
        if self.is_done:
            return
        if self.pid is not None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid == 0:
                return
            self.pid, code = None, os.waitstatus_to_exitcode(status)
            self.is_done = code == DONE
            assert code in (DONE, DATABASE_AWAY, -signal.SIGKILL), f"exit {code}\n{self.log.read_text()[-3000:]}"
            self.deaths += not self.is_done
        if not self.is_done:
            self.start()

    def bury(self):
        """For good."""
        self.kill()
        if self.pid is not None:
            os.waitpid(self.pid, 0)
        self.pid, self.is_done = None, True
