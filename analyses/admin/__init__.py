"""MGnify's own nouns, for curators: read only but for a study's title and biome."""

from analyses.admin import analyses, biomes, runs, samples, studies, tokens

__all__ = ["analyses", "biomes", "runs", "samples", "studies", "tokens"]
