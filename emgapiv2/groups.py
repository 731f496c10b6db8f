"""Who of the staff may do what in the admin: three groups, made by a migration; people are put into them."""

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

ROOMS = ["ena", "analyses", "workflows"]
# What a group may do besides looking. Whoever looks sees private studies too: the API asks for the same right.
GROUPS = {
    "viewer": [],
    "operator": [
        "workflows.add_flowrun",
        "workflows.change_attention",
        "workflows.change_batch",
        "workflows.change_clusterjob",
        "workflows.change_decision",
        "workflows.change_flowrun",
        "workflows.change_notice",
        "analyses.change_apitoken",
    ],
    "curator": [
        "analyses.add_computeresourceheuristic",
        "analyses.add_superstudy",
        "analyses.change_analysis",
        "analyses.change_analysisrequest",
        "analyses.change_assembly",
        "analyses.change_computeresourceheuristic",
        "analyses.change_publication",
        "analyses.change_run",
        "analyses.change_sample",
        "analyses.change_study",
        "analyses.change_superstudy",
        "analyses.delete_computeresourceheuristic",
        "ena.change_syncrun",
        "workflows.add_flowrun",
        "workflows.change_attention",
        "workflows.change_batch",
        "workflows.change_decision",
    ],
}


def make_groups(using: str = "default") -> None:
    """Bring the groups to what is said above; a migration calls it again after each change of that.

    Rights are rows that Django makes after all migrations: here they are needed before.
    """
    for room in ROOMS:
        create_permissions(apps.get_app_config(room), verbosity=0, using=using)
    rights = Permission.objects.using(using).filter(content_type__app_label__in=ROOMS)
    to_look = Q(codename__startswith="view_")
    for name, acts in GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        wanted = to_look
        for act in acts:
            room, _, codename = act.partition(".")
            wanted |= Q(content_type__app_label=room, codename=codename)
        group.permissions.set(rights.filter(wanted))
