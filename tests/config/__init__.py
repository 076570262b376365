"""Tests of how an installation starts."""
