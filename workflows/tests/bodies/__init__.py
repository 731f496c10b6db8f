"""Flows that tests deploy."""

from pydantic import create_model

from workflows.launchable import Launchable, register

NAMED = create_model("Named", name=(str, ...), ledger=(str, ...))
UNNAMED = create_model("Unnamed", ledger=(str, ...))
OFFERED = {"sleeper": NAMED, "parent": NAMED, "asker": NAMED, "failer": UNNAMED}


def offer():
    for function, parameters in OFFERED.items():
        entrypoint, live_key = f"workflows/tests/bodies/sleepers.py:{function}", f"{function}:{{name}}"
        register(
            Launchable(
                f"{function}_deployment",
                entrypoint,
                parameters,
                function.capitalize(),
                live_key=live_key if parameters is NAMED else None,
            )
        )
