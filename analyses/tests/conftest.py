"""The stand-in ENA and its settings, as the tests of the mirror have them."""

from ena.tests.conftest import configure, fail, standin, standin_server

__all__ = ["configure", "fail", "standin", "standin_server"]
