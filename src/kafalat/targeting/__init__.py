"""Runs of a programme over a snapshot: decisions with reasons, explanations, replays."""
