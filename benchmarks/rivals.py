"""What the engine is compared with: the same work in the leanest SQL we know, and the same score in OpenFisca.

The SQL is shaped as a person who knows DuckDB well would write it for this one programme: one pass over the people, only
the facts that card and criteria use, what is missing gathered in one aggregate, the score as one sum, and no columns of
facts or points kept for explanations. Expressions of facts and bins are taken from the programme, so that both always
judge by the same rules; it must come to the same digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
from openfisca_core import periods
from openfisca_core.entities import build_entity
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from kafalat.core import merkle
from kafalat.engine.backends import scan
from kafalat.engine.deciding import decision_sql
from kafalat.engine.derive import household_facts_sql, names_used
from kafalat.engine.payees import payee_sql
from kafalat.engine.running import batches
from kafalat.engine.scoring import base_sql, lines
from kafalat.engine.snapshots import districts, files_of, manifest_of
from kafalat.engine.sql import identifier
from kafalat.policy.model import Pair, Programme, Span, Term

DAY = date(2026, 1, 1)
_NONE = -(2**31)  # a missing answer in OpenFisca's arrays of integers


def facts_used(programme: Programme) -> set[str]:
    """Return the household facts that the card and the criteria use, and those they are derived from."""
    used = {name for line in lines(programme.scorecard) for name in line.facts}
    if programme.scorecard.stratum:
        used.add(programme.scorecard.stratum)
    for criterion in (
        *(c.criterion for c in programme.eligibility.categories),
        *(e.criterion for e in programme.eligibility.exclusions),
    ):
        used |= names_used(criterion) if criterion else set()
    waiting = list(used)
    while waiting:
        fact = programme.fact(waiting.pop())
        if fact.sql is not None and fact.over == "household":
            waiting += names_used(fact.sql) - used
            used |= names_used(fact.sql)
    return used


def lean_sql(programme: Programme, snapshot: Path, out: Path, threads: int, batch: int) -> str:
    """Do the work of a run by plain SQL, batch by batch as a run does; write decisions and payees; return the digest."""
    manifest = manifest_of(snapshot)
    used = facts_used(programme)
    lean = programme.model_copy(
        update={"facts": tuple(f for f in programme.facts if f.level == "person" or f.name in used)}
    )
    facts = household_facts_sql(lean, key="household_id", keep=("district_pcode",))
    card = programme.scorecard
    total = " + ".join([base_sql(card), *(f"({line.sql})" for line in lines(card))])
    kept = "household_id, district_pcode, score, outcome, category, reasons, missing_facts"
    found: dict[str, str] = {}
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as engine:
        engine.execute(f"SET threads = {threads}")
        engine.execute("SET memory_limit = '5GB'")
        for number, chosen in enumerate(batches(districts(manifest), batch)):
            for name in ("households", "people"):
                files = [snapshot / file for file in files_of(manifest, name, chosen)]
                engine.execute(f"CREATE OR REPLACE VIEW {name} AS {scan(files, {})}")
            engine.execute(
                f"""
                CREATE OR REPLACE VIEW scored AS
                SELECT *, CASE WHEN total IS NOT NULL
                    THEN least({card.maximum}, greatest({card.minimum}, total)) END AS score
                FROM (SELECT *, {total} AS total FROM ({facts}));
                CREATE OR REPLACE TEMP TABLE decisions AS
                SELECT {kept} FROM ({decision_sql(programme, DAY, "scored")});
                CREATE OR REPLACE TEMP TABLE payees AS
                SELECT p.*, district_pcode FROM ({payee_sql(programme, DAY, "people", "decisions")}) AS p
                JOIN decisions USING (household_id);
                COPY decisions TO '{out}/decisions-{number}.parquet' (FORMAT parquet, COMPRESSION zstd);
                COPY payees TO '{out}/payees-{number}.parquet' (FORMAT parquet, COMPRESSION zstd);
                """
            )
            found |= dict(engine.execute(_DIGESTS).fetchall())
    return merkle.root([f"{pcode}:{digest}".encode() for pcode, digest in sorted(found.items())]).hex()


_DIGESTS = """
    WITH decided AS (
        SELECT district_pcode, sha256(string_agg(concat_ws('|', household_id, outcome, coalesce(score::VARCHAR, '-'),
            coalesce(category, '-'), array_to_string(reasons, ','), array_to_string(missing_facts, ',')),
            chr(10) ORDER BY household_id)) AS digest
        FROM decisions GROUP BY district_pcode
    ), paid AS (
        SELECT district_pcode, sha256(string_agg(concat_ws('|', family_id, coalesce(person_id::VARCHAR, '-'), reason),
            chr(10) ORDER BY family_id)) AS digest
        FROM payees GROUP BY district_pcode
    )
    SELECT district_pcode, sha256(concat_ws('|', decided.digest, coalesce(paid.digest, '-')))
    FROM decided LEFT JOIN paid USING (district_pcode)
"""


def openfisca_scores(
    programme: Programme, facts: Mapping[str, np.ndarray], count: int
) -> tuple[float, float, np.ndarray]:
    """Return the seconds by clock and of processor that OpenFisca takes to score, loading its arrays included, and the scores.

    `facts` are arrays of integers: numbers as they are, categories and booleans by `code_of`, `_NONE` for missing.
    """
    household = build_entity("household", "households", "A household", is_person=True)
    country = TaxBenefitSystem([household])
    for name in facts:
        country.add_variable(_variable(name, household, np.int32, None))
    country.add_variable(_variable("score", household, np.float32, _formula(programme)))
    period = periods.period("2026-01")
    started, processor = time.perf_counter(), time.process_time()
    simulation = SimulationBuilder().build_default_simulation(country, count)
    for name, values in facts.items():
        simulation.set_input(name, period, values)
    scores: np.ndarray = simulation.calculate("score", period)
    return time.perf_counter() - started, time.process_time() - processor, scores


def _variable(name: str, entity: object, kind: type, formula: object) -> type:
    value_type = int if kind is np.int32 else float
    body: dict[str, object] = {
        "value_type": value_type, "entity": entity, "definition_period": periods.DateUnit.MONTH, "label": name,
        "default_value": _NONE if value_type is int else float("nan"),
    }  # fmt: skip
    if formula is not None:
        body["formula"] = formula
    return type(name, (Variable,), body)


def _formula(programme: Programme) -> object:
    """Return the score as a formula of OpenFisca: vectors of points, selected by bin and added up; NaN where one is missing."""
    card = programme.scorecard

    common: tuple[Term | Pair, ...] = (*card.terms, *card.pairs)

    def formula(household: Callable[[str, object], np.ndarray], period: object) -> np.ndarray:
        def inside(name: str, span: Span) -> np.ndarray:
            return _inside(programme, name, household(name, period), span)

        def points(entry: Term | Pair) -> np.ndarray:
            if isinstance(entry, Term):
                where = [inside(entry.fact, span) for span in entry.bins]
                return np.select(where, [float(span.points) for span in entry.bins], default=np.nan)
            rows = [inside(entry.facts[0], span) for span in entry.rows]
            columns = [inside(entry.facts[1], span) for span in entry.columns]
            cells = [float(cell) for row in entry.points for cell in row]
            return np.select([row & column for row in rows for column in columns], cells, default=np.nan)

        def added(base: int, entries: tuple[Term | Pair, ...], size: int) -> np.ndarray:
            total = np.full(size, float(base))
            for entry in entries:
                total += points(entry)
            return total

        count = len(household(common[0].fact if isinstance(common[0], Term) else common[0].facts[0], period))
        total = added(card.base_points, common, count)
        if card.stratum is not None:
            codes = household(card.stratum, period)
            where = [
                np.isin(codes, [code_of(programme, card.stratum, c) for c in s.is_]) for s in card.strata
            ]
            parts = [added(s.base_points, (*s.terms, *s.pairs), count) for s in card.strata]
            total += np.select(where, parts, default=np.nan)
        return np.asarray(np.clip(total, card.minimum, card.maximum))

    return formula


def _inside(programme: Programme, name: str, given: np.ndarray, span: Span) -> np.ndarray:
    if span.is_ is not None:
        return np.isin(given, [code_of(programme, name, value) for value in span.is_])
    low = _NONE + 1 if span.from_ is None else span.from_
    return (given >= low) if span.to is None else (given >= low) & (given <= span.to)


def code_of(programme: Programme, name: str, value: str | bool) -> int:
    """Return the number that stands for a category or a boolean in OpenFisca's arrays."""
    if isinstance(value, bool):
        return int(value)
    return list(programme.fact(name).categories).index(value)


def as_arrays(
    engine: duckdb.DuckDBPyConnection, programme: Programme, names: Sequence[str], table: str
) -> dict[str, np.ndarray]:
    """Return columns of ready facts as OpenFisca's arrays."""
    selected = []
    for name in names:
        fact, column = programme.fact(name), identifier(name)
        if fact.type == "category":
            codes = " ".join(f"WHEN '{code}' THEN {n}" for n, code in enumerate(fact.categories))
            column = f"CASE {column} {codes} END"
        selected.append(f"coalesce(CAST({column} AS INTEGER), {_NONE}) AS {identifier(name)}")
    found = engine.execute(f"SELECT {', '.join(selected)} FROM {table}").fetchnumpy()
    return {name: np.asarray(values) for name, values in found.items()}
