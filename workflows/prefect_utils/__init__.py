"""The tie to Prefect.

A flow's process starts at the flow's file and knows nothing of Django: importing anything from here sets it up. The
linter's import order puts this package before the house's others.
"""

import os

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emgapiv2.settings")
    django.setup()
