"""The public API v2: one NinjaAPI, one router a noun. Names and shapes are those of today's public service."""

from emgapiv2.api.application import api, index

__all__ = ["api", "index"]
