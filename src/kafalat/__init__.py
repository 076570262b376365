"""Kafalat: a national cash-transfer programme from survey to bank file."""

__version__ = "0.1.0"
