"""Households, people, families, places, interviews, and the snapshots taken of them."""
