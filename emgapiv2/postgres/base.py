"""Django's Postgres, but a kept connection is known to be good without asking the server at every request."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    connection: Any

    def is_usable(self) -> bool:
        """A server that goes away closes its end, and it says nothing unasked: a silent socket is a good one."""
        if self.errors_occurred or self.connection is None or self.connection.closed:
            return super().is_usable()
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0) or super().is_usable()
