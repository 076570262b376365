"""An evaluation as plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kafalat.fitting.cautions import cautions
from kafalat.fitting.evaluation import Evaluation
from kafalat.fitting.judging import Figure


def plain_values(found: Evaluation) -> dict[str, Any]:
    """Return the evaluation as plain values, ready for JSON; a figure that is not known is null."""
    return {
        "scorecard": {
            "code": found.scorecard.code,
            "facts": len(found.scorecard.facts),
            "fitted": dict(found.scorecard.fitted),
        },
        "survey": {
            "profile": found.sample.profile,
            "households": len(found.sample),
            "sampling_units": found.units,
            "weighted": found.sample.weighted,
            "without_welfare": found.without_welfare,
            "without_score": found.without_score,
            "card_fitted_on_it": found.seen,
        },
        "bootstraps": found.settings.draws,
        "confidence": 0.95,
        "line_month": round(found.line, 2),
        "currency": found.currency,
        "cutoff": found.settings.cutoff,
        "card": _nested(found.card.overall),
        "groups": {
            group.name: {
                code: {
                    "households": int((group.codes == code).sum()),
                    **_nested(found.card.groups[group.name][code]),
                }
                for code in sorted(found.card.groups.get(group.name, {}))
            }
            for group in found.groups
        },
        "baselines": {
            each.code: None
            if each.code not in found.baselines
            else {
                "facts": each.facts,
                "unseen_units": each.folds,
                **_nested(found.baselines[each.code].overall),
            }
            for each in found.baseline_scores
        },
        "warnings": [{"en": warning.en, "ur": warning.ur} for warning in cautions(found)],
    }


def _nested(figures: Mapping[str, Figure]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, figure in figures.items():
        selection, _, measure = name.rpartition(".")
        place = nested.setdefault(selection, {}) if selection else nested
        place[measure] = {key: _plain(getattr(figure, key)) for key in ("value", "low", "high")}
    return nested


def _plain(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
