"""A port that somebody has is told or avoided, and a stack is not started on top of itself."""

import shutil
import socket
import sys

import pytest

from deployment.local import environment, stack
from deployment.local.environment import Place
from deployment.local.postgres import Postgres, PostgresFailed
from deployment.local.processes import Processes, StepFailed, kill_marked


@pytest.fixture
def taken():
    """A port on which somebody listens and never answers."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_stack_keeps_its_ports_until_somebody_else_has_one(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "STATE", tmp_path)
    first = Place.of("demo")
    assert Place.of("demo") == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.ports["api"]))
        second = Place.of("demo")
        assert first.ports["api"] not in second.ports.values()
    assert Place.of("demo") == second


def test_a_port_that_is_taken_after_it_was_chosen_is_told(tmp_path, taken):
    processes = Processes(tmp_path)
    argv = [sys.executable, "-m", "http.server", str(taken), "--bind", "127.0.0.1"]
    child = processes.start("file-server", argv, {}, lambda: False)
    with pytest.raises(StepFailed, match=r"(?s)file-server ended at once.*Address already in use"):
        processes.wait_until_ready(child, seconds=20)
    postgres = Postgres(tmp_path / "postgres", taken, durable=False)
    with pytest.raises(PostgresFailed, match=rf"(?s)pg_ctl failed.*port {taken}"):
        postgres.start()
    shutil.rmtree(postgres.directory.parent)


def test_a_second_one_of_the_same_name_is_refused_and_ends_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(stack, "STATE", tmp_path)
    with stack.held_place("demo"):
        with pytest.raises(StepFailed, match="'demo' of this checkout runs already"), stack.held_place("demo"):
            pass
        with stack.held_place("another"):
            pass
    with stack.held_place("demo"):
        pass


def test_a_crashs_leftovers_are_told_from_those_of_a_stack_with_a_longer_name(tmp_path):
    first, second = Processes(tmp_path / "demo"), Processes(tmp_path / "demo2")
    ours, theirs = (stack.start("sleep", ["sleep", "60"], {}, lambda: True) for stack in (first, second))
    first.stop()
    assert ours.process.poll() is not None
    assert theirs.process.poll() is None
    assert (
        kill_marked(f"LOCAL_STACK={tmp_path / 'demo'}", is_beginning=True) == 1
    )  # as for jobs, by their first letters
    assert theirs.process.wait(5) == -9
