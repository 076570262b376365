"""Fixtures every test may use, and the plugin that reports tests left out."""

from __future__ import annotations

pytest_plugins = ["tests.left_out"]
