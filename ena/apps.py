"""Registers the mirror of ENA with Django."""

from django.apps import AppConfig


class EnaConfig(AppConfig):
    name = "ena"
