"""Who of the staff wants to hear of a study."""

from django.contrib.auth.models import User

from analyses.models import Study, StudyWatcher


def watch_study(*, study: Study, user: User) -> bool:
    """:return: whether that is news"""
    return StudyWatcher.objects.get_or_create(study=study, user=user)[1]


def unwatch_study(*, study: Study, user: User) -> bool:
    """:return: whether that is news"""
    return bool(StudyWatcher.objects.filter(study=study, user=user).delete()[0])
