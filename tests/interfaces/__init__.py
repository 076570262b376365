"""Tests of the console, the public pages, their pictures and their words."""
