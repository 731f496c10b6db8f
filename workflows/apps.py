"""Registers the job layer, the pipelines and their duties with Django."""

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
