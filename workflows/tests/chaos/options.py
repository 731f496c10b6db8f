"""Options of ``task test-chaos``; without them the suite runs the short version."""

from random import SystemRandom

from workflows.cluster.backends import default_backend_name

ROUNDS = 1  # of each kind, in the suite
MANY = 20  # by hand, unless told


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=None, help=f"of each kind; {MANY}, in full as many as it says")
    parser.addoption("--full", action="store_true", help="all of spec/cluster-jobs.md §10 at its size: takes hours")
    parser.addoption("--flows", type=int, default=None, help="so many sleepers in the full round of them")
    parser.addoption("--seed", type=int, default=None, help="of an earlier run: the same plans again")


def is_full(config):
    return config.getoption("--full", default=False)


def rounds_of(config, in_full=ROUNDS):
    """:param in_full: how many a file wants of ``--full``"""
    many = in_full if is_full(config) else MANY
    return config.getoption("--rounds", default=ROUNDS) or many


def is_long(config):
    return is_full(config) or rounds_of(config) > ROUNDS


def backends_of(config):
    """Both, in turns of their own; in the suite the one that jobs go to by default."""
    return ["slurm", "local"] if is_long(config) else [default_backend_name()]


def seed_of(config):
    """Drawn once a session, unless given."""
    if not hasattr(config, "chaos_seed"):
        given = config.getoption("--seed", default=None)
        config.chaos_seed = SystemRandom().randrange(10**6) if given is None else given
    return config.chaos_seed
