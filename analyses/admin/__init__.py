"""MGnify's own nouns, for curators: read only but for a study's title and biome."""

from analyses.admin import analyses, biomes, heuristics, publications, runs, samples, studies, super_studies, tokens

__all__ = ["analyses", "biomes", "heuristics", "publications", "runs", "samples", "studies", "super_studies", "tokens"]
