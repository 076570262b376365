"""Scorecards made and judged: fit on a survey with spending, whole points, errors with intervals. An analyst's tool; no Django."""
