"""Faults on demand: a list of rules, the first that matches a request acts (``spec/ena.md`` §12.3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

ACTIONS = {
    "status", "hang", "drip", "reset", "truncate", "empty", "remove_field", "rename_field", "corrupt",
    "set_state", "blank_field", "wrong_count",
}  # fmt: skip
MATCHES = {"path", "path_contains", "result", "authenticated"}


@dataclass(frozen=True)
class Request:
    """``account`` is the signed-in account's name; no password comes this far."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None


@dataclass(frozen=True)
class Answer:
    """``declared_length`` is set where the head shall promise another length than the body has."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    declared_length: int | None = None


class BadRule(ValueError):
    """A rule that names no action or matches on nothing known."""


@dataclass
class Rule:
    """``spec`` is the rule as written; ``passed`` and ``acted`` count what it matched."""

    spec: dict[str, Any]
    passed: int = 0
    acted: int = 0

    @property
    def action(self) -> str:
        return self.spec["action"]

    def matches(self, request: Request) -> bool:
        wanted = self.spec.get("match", {})
        return (
            request.path.endswith(wanted.get("path", ""))
            and wanted.get("path_contains", "") in request.path
            and wanted.get("result") in (None, request.params.get("result"))
            and wanted.get("authenticated") in (None, request.account is not None)
        )


class FaultBook:
    """The rules in force, shared by the server's threads."""

    def __init__(self, script: Any = ()) -> None:
        self._lock = Lock()
        self.replace(script)

    def replace(self, script: Any) -> None:
        """Take these rules instead; their counters begin at none.

        :param script: a list of rules, or ``{"rules": [...]}`` as in the ready scripts
        :raises BadRule: all faults of all rules; the old rules stay
        """
        specs = script["rules"] if isinstance(script, dict) else script
        faults = [
            f"rule {number}: {word!r} is none of {sorted(known)}"
            for number, spec in enumerate(specs, 1)
            for words, known in (({spec.get("action")}, ACTIONS), (set(spec.get("match", {})), MATCHES))
            for word in words - known
        ]
        if faults:
            raise BadRule("; ".join(faults))
        with self._lock:
            self._rules = [Rule(spec) for spec in specs]

    def pick(self, request: Request) -> Rule | None:
        with self._lock:
            for rule in filter(lambda one: one.matches(request), self._rules):
                rule.passed += 1
                times = rule.spec.get("times")
                if rule.passed > rule.spec.get("after", 0) and (times is None or rule.acted < times):
                    rule.acted += 1
                    return rule
        return None


def instead_of_answer(rule: Rule) -> Answer | None:
    """The whole answer, for the two actions that never look at the data."""
    spec = rule.spec
    if rule.action == "status":
        content_type = spec.get("content_type", "text/plain;charset=UTF-8")
        return Answer(spec["status"], spec.get("body", "").encode(), content_type, spec.get("headers", {}))
    if rule.action == "empty" and spec.get("status") == 204:
        return Answer(204)
    return None


def alter(answer: Answer, rule: Rule) -> Answer:
    """The answer as the rule wants it; the answer itself where the rule is about something else."""
    change = CHANGES.get(rule.action)
    return change(answer, rule.spec) if change and answer.status < 300 and answer.body else answer


def _truncate(answer: Answer, spec: dict[str, Any]) -> Answer:
    lines = answer.body.splitlines(keepends=True)
    kept = answer.body[: spec["keep_bytes"]] if "keep_bytes" in spec else b"".join(lines[: spec["keep_lines"]])
    declared = len(answer.body) if spec.get("content_length") == "full" else None
    return replace(answer, body=kept, declared_length=declared)


def _empty(answer: Answer, spec: dict[str, Any]) -> Answer:  # noqa: ARG001 - one shape of change
    return replace(answer, body=b"[]" if _is_json(answer) else b"".join(answer.body.splitlines(keepends=True)[:1]))


def _corrupt(answer: Answer, spec: dict[str, Any]) -> Answer:
    body = bytearray(answer.body)
    body[spec.get("flip_byte_at", 0) % len(body)] ^= 0xFF
    return replace(answer, body=bytes(body))


def _wrong_count(answer: Answer, spec: dict[str, Any]) -> Answer:
    text = answer.body.decode()
    count = int(json.loads(text)["count"] if _is_json(answer) else text.split()[1]) + spec.get("add", 1)
    return replace(
        answer, body=(json.dumps({"count": str(count)}) if _is_json(answer) else f"count\n{count}\n").encode()
    )


def _is_json(answer: Answer) -> bool:
    return answer.content_type.startswith("application/json")


CHANGES = {"truncate": _truncate, "empty": _empty, "corrupt": _corrupt, "wrong_count": _wrong_count}
