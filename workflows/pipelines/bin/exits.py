#!/usr/bin/env python3
"""How the scripts of bundled pipelines end. Standard library, Python 3.9."""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

DISK_FULL = 28


def run(main: Callable[[], int | None]) -> None:
    """Run a script's ``main``; a full disk ends it with 28, the path and the bytes left.

    No other sample can escape a full disk, so it has an exit code that stops the pipeline.
    """
    try:
        sys.exit(main())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        place = Path(error.filename or ".").absolute()
        free = shutil.disk_usage(place.parent).free
        sys.stderr.write(f"disk full: cannot write {place}, {free} bytes free\n")
        sys.exit(DISK_FULL)
