"""Flows that tests deploy."""

from pydantic import create_model

from workflows.launchable import launchable

NAMED = create_model("Named", name=(str, ...), ledger=(str, ...))
UNNAMED = create_model("Unnamed", ledger=(str, ...))
OFFERED = {"sleeper": NAMED, "parent": NAMED, "asker": NAMED, "failer": UNNAMED}


def offer():
    for function, parameters in OFFERED.items():
        launchable(
            f"{function}_deployment",
            f"workflows.tests.bodies.sleepers:{function}",
            parameters=parameters,
            title=function.capitalize(),
            live_key=f"{function}:{{name}}" if parameters is NAMED else None,
        )
