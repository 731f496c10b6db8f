import random

from workflows.batches.planning import batch_key

WHAT = {"slug": "mini_amplicon", "version": "v1", "revision": "a" * 64, "study": "PRJEB99900001"}


def test_the_key_is_the_same_for_every_order():
    members = [f"ERR99900{number:04}" for number in range(40)]
    keys = {batch_key(**WHAT, members=random.sample(members, len(members))) for _ in range(20)}
    assert len(keys) == 1
    assert len(keys.pop()) == 16


def test_whatever_makes_it_other_work_changes_it():
    base = batch_key(**WHAT, members=["ERR999000001"])
    assert base != batch_key(**WHAT, members=["ERR999000001", "ERR999000002"])
    assert all(base != batch_key(**WHAT | {part: "other"}, members=["ERR999000001"]) for part in WHAT)
