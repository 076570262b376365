"""Whether groups are covered in proportion to the poverty expected in them: ratios to the average, with a hint at low ones."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np

from kafalat.core.text import Bilingual
from kafalat.engine.outlook import Group
from kafalat.engine.poverty import Spending
from kafalat.engine.sql import identifier
from kafalat.policy.model import Programme

# Four fifths of the average, after the rule of thumb of the US Uniform Guidelines on Employee Selection (1978).
LOW_RATIO = 0.8
_CODES: dict[str, Bilingual] = {
    "yes": Bilingual(en="With a disabled member", ur="معذوری کے ساتھ رہنے والے فرد کے ساتھ"),
    "no": Bilingual(en="Without a disabled member", ur="معذوری کے ساتھ رہنے والے فرد کے بغیر"),
    "1_to_3": Bilingual(en="1 to 3 members", ur="1 سے 3 افراد"),
    "4_to_5": Bilingual(en="4 or 5 members", ur="4 یا 5 افراد"),
    "6_to_7": Bilingual(en="6 or 7 members", ur="6 یا 7 افراد"),
    "8_to_9": Bilingual(en="8 or 9 members", ur="8 یا 9 افراد"),
    "from_10": Bilingual(en="10 members and more", ur="10 اور زیادہ افراد"),
}


def fairness(
    engine: duckdb.DuckDBPyConnection, programme: Programme, groups: Sequence[str], spending: Spending
) -> tuple[Group, ...]:
    """Return every group of every fact in `groups`, from the table `judged`; households without a score are left out."""
    if not groups:
        return ()
    columns = {name: identifier(f"group_{name}") for name in groups}
    sets = ", ".join(f"(score, {column})" for column in columns.values())
    names = ", ".join(columns.values())
    number = " ".join(f"WHEN grouping({column}) = 0 THEN {n}" for n, column in enumerate(columns.values()))
    rows = engine.execute(
        f"""
        SELECT CASE {number} END, coalesce({names}), score, CAST(sum(households) AS BIGINT),
            CAST(coalesce(sum(households) FILTER (WHERE today = 'eligible'), 0) AS BIGINT),
            CAST(coalesce(sum(households) FILTER (WHERE proposed = 'eligible'), 0) AS BIGINT)
        FROM judged WHERE score IS NOT NULL GROUP BY GROUPING SETS ({sets}) ORDER BY ALL
        """
    ).fetchall()
    # In a fixed order, so that sums of fractions come out the same to the last digit.
    poor_share = spending.poor_share()
    bands = spending.band_of(np.arange(101, dtype=np.int64))
    counted: dict[tuple[str, str], list[float]] = {}
    whole: dict[str, list[float]] = {}
    for which, code, score, households, today, proposed in rows:
        band = int(bands[score])
        if band < 0:
            continue
        fact = groups[which]
        added = (households, households * float(poor_share[band]), today, proposed)
        # Who does not say which group counts for the average all the same.
        for totals in (
            whole.setdefault(fact, [0, 0, 0, 0]),
            counted.setdefault((fact, code or ""), [0, 0, 0, 0]),
        ):
            for place, value in enumerate(added):
                totals[place] += value
    return tuple(
        _group(programme, fact, code, totals, whole[fact])
        for (fact, code), totals in sorted(
            counted.items(), key=lambda item: _order(programme, groups, *item[0])
        )
        if code
    )


def _order(programme: Programme, groups: Sequence[str], fact: str, code: str) -> tuple[int, int, str]:
    declared = [*programme.fact(fact).categories, *_CODES]
    return groups.index(fact), declared.index(code) if code in declared else len(declared), code


def _group(
    programme: Programme, fact: str, code: str, totals: Sequence[float], whole: Sequence[float]
) -> Group:
    declared = programme.fact(fact)
    label = declared.categories.get(code) or _CODES.get(code) or Bilingual(en=code, ur=code)
    households, poor, today, proposed = totals
    proposed_ratio = _ratio(proposed, poor, whole[3], whole[1])
    return Group(
        fact=fact,
        fact_label=declared.label,
        code=code,
        label=label,
        households=int(households),
        expected_poor=round(poor, 1),
        covered_today=int(today),
        covered_proposed=int(proposed),
        ratio_today=_ratio(today, poor, whole[2], whole[1]),
        ratio_proposed=proposed_ratio,
        low=proposed_ratio is not None and proposed_ratio < LOW_RATIO,
    )


def _ratio(covered: float, poor: float, all_covered: float, all_poor: float) -> float | None:
    if poor <= 0 or all_covered <= 0 or all_poor <= 0:
        return None
    return (covered / poor) / (all_covered / all_poor)
