"""Loads, validates and hashes a programme folder: everything a board decides, as dated and sourced data."""
