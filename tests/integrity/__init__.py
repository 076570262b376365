"""Alerts: rules over planted data, decisions, pages."""
