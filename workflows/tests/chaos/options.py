"""Options of ``task test-chaos``; without them the suite runs the short version."""

from random import SystemRandom

from workflows.cluster.backends import default_backend_name

ROUNDS = 1  # of each kind, in the suite


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=20, help="of each kind")
    parser.addoption("--seed", type=int, default=None, help="of an earlier run: the same plans again")


def rounds_of(config):
    return config.getoption("--rounds", default=ROUNDS)


def backends_of(config):
    """Both, in turns of their own; in the suite the one that jobs go to by default."""
    return ["slurm", "local"] if rounds_of(config) > ROUNDS else [default_backend_name()]


def seed_of(config):
    """Drawn once a session, unless given."""
    if not hasattr(config, "chaos_seed"):
        given = config.getoption("--seed", default=None)
        config.chaos_seed = SystemRandom().randrange(10**6) if given is None else given
    return config.chaos_seed
