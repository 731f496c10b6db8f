"""MGnify's own nouns, for curators. What can be changed is changed by a service."""

from analyses.admin import (
    analyses,
    assemblies,
    biomes,
    heuristics,
    publications,
    requests,
    runs,
    samples,
    studies,
    super_studies,
    sync_runs,
    tokens,
)

__all__ = [
    "analyses",
    "assemblies",
    "biomes",
    "heuristics",
    "publications",
    "requests",
    "runs",
    "samples",
    "studies",
    "super_studies",
    "sync_runs",
    "tokens",
]
