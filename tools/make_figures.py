"""Makes the figures the synthesiser draws from: shares and averages, never a record of anybody.

    python tools/make_figures.py --survey FOLDER --disability FILE --poverty FILE

`--survey` is read through its profile; `--disability` is table 16 of census 2023 (Parquet); `--poverty` a CSV of
poverty rates by district P-code. A cell resting on fewer than ten households or people is left out: the proportions of all
towns or all villages stand in. Figures are by stratum, province and town or village; where the survey has no stratum,
STRATUM_OF says whose figures stand in.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from kafalat.policy.loader import load, shipped
from kafalat.survey.profiles import read

Floats = npt.NDArray[np.float64]
OUT = Path(__file__).resolve().parent.parent / "src" / "kafalat" / "survey" / "figures" / "population.json"
CELL_MIN = 10
PROVINCES = ("kp", "punjab", "sindh", "balochistan")
STRATA = tuple(f"{province}_{region}" for province in PROVINCES for region in ("urban", "rural"))
STRATUM_OF = {"islamabad": "punjab", "azad_kashmir": "kp", "gilgit_baltistan": "kp"}
# places.csv has no figure for these; rounded total of census 2017, Pakistan Bureau of Statistics.
POPULATION_WHERE_UNKNOWN = {"PK3": 1_490_000}
AGES = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 25, 30, 35, 45, 55, 65)
CLASSES = (*range(17), 18)
ROOMS = (1, 2, 3, 4, 5, 6, 7, 8)
# Household answers in the copula, each from the poorest value to the richest by average spending per head.
ANSWERS = (
    "dwelling", "tenure", "electricity", "gas", "water_source", "water_distance", "toilet", "drainage", "garbage", "street_garbage",
    "internet", "mobile_phone", "landline", "computers", "tablet", "bovines", "goats_sheep", "poultry",
)  # fmt: skip
# From the poorest to the richest by average spending per head.
OCCUPATIONS = (
    "elementary",
    "farming",
    "craft",
    "machine",
    "trade",
    "clerk",
    "technician",
    "manager",
    "professional",
)
IRRIGATED_ACRES = (0, 1, 2, 3, 5, 8, 12, 20, 40)
LAND_ACRES = (0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50)
# What people of a household share beyond their stratum, age and sex: an average of their standing.
SHARED = ("class", "attends", "private", "works", "occupation", "internet_use", "computer_use", "mobile_use")


def table(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return connection.execute(query).fetchall()


def shares(
    connection: duckdb.DuckDBPyConnection, source: str, group: str, value: str, values: Sequence[Any]
) -> dict[str, list[float]]:
    """Return, for each value of `group`, the share of each of `values`; cells under ten are left out."""
    rows = table(connection, f"SELECT ({group})::VARCHAR, ({value}), count(*) FROM {source} GROUP BY ALL")
    found: dict[str, dict[Any, int]] = {}
    for key, code, count in rows:
        if key is not None and code is not None and count >= CELL_MIN:
            found.setdefault(key, {})[code] = count
    return {
        key: [round(counts.get(code, 0) / sum(counts.values()), 5) for code in values]
        for key, counts in sorted(found.items())
        if any(code in counts for code in values)
    }


def by_stratum(
    connection: duckdb.DuckDBPyConnection, source: str, group: str, value: str, values: Sequence[Any]
) -> dict[str, list[float]]:
    """Return the share of each of `values` by stratum and group.

    What a stratum's cells under ten leave open is filled in the proportions of all towns, or of all villages.
    """
    whole = shares(connection, source, f"split_part(stratum, '_', 2) || ',' || ({group})", value, values)
    rows = table(
        connection, f"SELECT stratum, ({group})::VARCHAR, ({value}), count(*) FROM {source} GROUP BY ALL"
    )
    counts: dict[tuple[str, str], dict[Any, int]] = {}
    for stratum, key, code, count in rows:
        if key is not None and code is not None:
            counts.setdefault((stratum, key), {})[code] = count
    found = {}
    for (stratum, key), cell in sorted(counts.items()):
        like = whole.get(f"{stratum.partition('_')[2]},{key}")
        if like is None:
            continue
        total = sum(cell.values())
        sure = {code: count / total for code, count in cell.items() if count >= CELL_MIN and code in values}
        rest = {
            code: share for code, share in zip(values, like, strict=True) if code not in sure and share > 0
        }
        left = 1 - sum(sure.values()) if rest else 0
        filled = {code: share / sum(rest.values()) * left for code, share in rest.items()}
        found[f"{stratum},{key}" if key else stratum] = [
            round({**filled, **sure}.get(code, 0), 5) for code in values
        ]
    return found


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views the counts are taken from."""
    connection.execute(
        """
        CREATE TABLE h AS
        SELECT *, province || '_' || region AS stratum, least(parents, 2) AS parents2, least(wives, 3) AS sons,
          CASE WHEN married_siblings > 0 THEN 2 WHEN siblings > 0 THEN 1 ELSE 0 END AS sibs,
          CASE WHEN laptop THEN 'laptop' WHEN computer THEN 'desktop' ELSE 'none' END AS computers,
          CASE WHEN buffaloes THEN 'buffaloes' WHEN cattle_buffalo THEN 'cows' ELSE 'none' END AS bovines,
          ln(spending_rupees_year / size) AS welfare
        FROM households JOIN (
          SELECT household_key, count(*) AS size, bool_or(sex = 'female' AND relationship = 'head') AS female,
            count(*) FILTER (WHERE relationship = 'spouse') > 0 AS spouse,
            count(*) FILTER (WHERE relationship = 'parent') AS parents,
            count(*) FILTER (WHERE relationship = 'child_in_law' AND sex = 'female') AS wives,
            count(*) FILTER (WHERE relationship = 'sibling') AS siblings,
            count(*) FILTER (WHERE relationship IN ('sibling_in_law', 'nephew_niece')) AS married_siblings,
            count(*) FILTER (WHERE relationship = 'child' AND marital_status = 'never_married') AS children,
            count(*) FILTER (WHERE age_years < 18) AS minors,
            max(age_years) FILTER (WHERE relationship = 'head') AS head_age,
            max(marital_status) FILTER (WHERE relationship = 'head') AS head_marital,
            max(age_years) FILTER (WHERE relationship IN ('head', 'spouse') AND sex = 'female') AS woman_age
          FROM people GROUP BY household_key) USING (household_key)
        """
    )
    starts = ", ".join(map(str, AGES))
    connection.execute(
        f"""
        CREATE TABLE p AS
        SELECT people.*, h.stratum, h.head_age, h.region, list_count(list_filter([{starts}], lambda a: a <= age_years)) - 1 AS age_group
        FROM people JOIN h USING (household_key) WHERE sex <> 'transgender'
        """
    )


def family_figures(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return who lives together: cores of households, ages, gaps, numbers of children."""
    core = "concat_ws(',', female::INT, spouse::INT, parents2, sons, sibs)"
    cores = [
        row[0]
        for row in table(
            connection, f"SELECT {core} FROM h GROUP BY 1 HAVING count(*) >= {CELL_MIN} ORDER BY 1"
        )
    ]
    mother = "least(greatest(woman_age // 5 - 3, 0), 10)"
    connection.execute(
        """
        CREATE TABLE offspring AS SELECT c.age_years AS age, c.sex, c.relationship, c.marital_status, m.age_years AS mother_age
        FROM people AS c JOIN people AS m ON m.household_key = c.household_key AND m.line_no = c.mother_line
        WHERE c.relationship IN ('child', 'grandchild', 'nephew_niece') AND m.age_years - c.age_years BETWEEN 13 AND 49
        """
    )
    by_mother = "least(greatest(mother_age // 5 - 3, 0), 10)"
    pairs = "(SELECT a.age_years - b.age_years AS gap FROM people a JOIN people b ON a.household_key = b.household_key AND a.line_no = b.spouse_line WHERE a.sex = 'male' AND b.sex = 'female')"
    return {
        "cores": cores,
        "core": by_stratum(connection, "h", "''", core, cores),
        "head_age": shares(connection, "h", "concat_ws(',', female::INT, spouse::INT, (parents2 > 0)::INT, (sons > 0)::INT)", "least(head_age // 5, 18)", range(3, 19)),
        "lone_head": shares(connection, "h WHERE NOT spouse", "concat_ws(',', female::INT, least(greatest(head_age // 20, 0), 3))", "head_marital", ("married", "never_married", "widowed", "divorced")),
        "age_gap": shares(connection, pairs, "'all'", "greatest(least(gap, 20), -5)", range(-5, 21))["all"],
        "children": by_stratum(connection, "h WHERE woman_age IS NOT NULL", mother, "least(children, 10)", range(11)),
        "grandchildren": shares(
            connection,
            "(SELECT w.household_key, w.line_no, least(greatest(w.age_years // 5 - 3, 0), 6) AS mother, count(c.line_no) AS n FROM people w LEFT JOIN people c ON c.household_key = w.household_key AND c.mother_line = w.line_no WHERE w.relationship = 'child_in_law' AND w.sex = 'female' GROUP BY ALL)",
            "mother", "least(n, 8)", range(9),
        ),
        "child_age": shares(connection, "offspring WHERE marital_status = 'never_married'", by_mother, "age", range(46)),
        "child_male": shares(connection, "offspring WHERE marital_status = 'never_married'", "least(age // 5, 7)", "sex", ("female", "male")),
        "daughter_back": shares(connection, "people WHERE relationship = 'child' AND sex = 'female' AND age_years >= 20", "'all'", "CASE WHEN marital_status IN ('widowed', 'divorced') THEN marital_status ELSE 'other' END", ("other", "widowed", "divorced"))["all"],
        "son_gap": shares(connection, "p WHERE relationship = 'child' AND sex = 'male' AND marital_status = 'married' AND head_age - age_years BETWEEN 16 AND 50", "'all'", "head_age - age_years", range(16, 51))["all"],
        "parent_gap": shares(connection, "p WHERE relationship = 'parent' AND age_years - head_age BETWEEN 14 AND 45", "sex", "age_years - head_age", range(14, 46)),
        "lone_parent_mother": shares(connection, "p JOIN h USING (household_key) WHERE p.relationship = 'parent' AND h.parents2 = 1", "'all'", "p.sex", ("male", "female"))["all"][1],
        "siblings": shares(connection, "h WHERE siblings > 0", "sibs", "least(siblings, 6)", range(1, 7)),
        "sibling_gap": shares(connection, "p WHERE relationship = 'sibling' AND head_age - age_years BETWEEN -15 AND 25", "'all'", "head_age - age_years", range(-15, 26))["all"],
    }  # fmt: skip


def scores(values: npt.NDArray[Any], cells: npt.NDArray[Any]) -> tuple[Floats, float]:
    """Return the normal score of each ordinal value within its cell, and the variance of the scores.

    The score of a value is the mean of a standard normal over the value's share of the cell, so that its covariance
    with another such score is the latent correlation times both variances, to first order.
    """
    out = np.zeros(len(values))
    for cell in np.unique(cells):
        here = np.flatnonzero(cells == cell)
        levels, inverse, counts = np.unique(values[here], return_inverse=True, return_counts=True)
        edges = np.concatenate([[0.0], np.cumsum(counts) / len(here)])
        density = np.zeros(len(edges))
        inner = _normal_quantile(edges[1:-1])
        density[1:-1] = np.exp(-(inner**2) / 2) / np.sqrt(2 * np.pi)
        out[here] = ((density[:-1] - density[1:]) / (counts / len(here)))[inverse]
        del levels
    return out, float(np.mean(out**2))


def _normal_quantile(probability: Floats) -> Floats:
    """Return quantiles of the standard normal by inverting its table (accurate to 1e-4, enough for scores)."""
    grid = np.linspace(-5, 5, 20001)
    table_ = np.cumsum(np.exp(-(grid**2) / 2))
    return np.interp(probability, table_ / table_[-1], grid)


def household_figures(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[dict[str, Any], dict[str, Floats], dict[str, float]]:
    """Return the shares of each household answer by stratum, and the normal scores of all copula variables."""
    answers: dict[str, Any] = {}
    normal: dict[str, Floats] = {}
    variance: dict[str, float] = {}
    cells = np.array([row[0] for row in table(connection, "SELECT stratum FROM h ORDER BY household_key")])
    for name in ANSWERS:
        order = [
            row[0] for row in table(connection, f"SELECT {name} FROM h GROUP BY 1 ORDER BY avg(welfare)")
        ]
        answers[name] = {"codes": order, **shares(connection, "h", "stratum", name, order)}
        rank = {code: number for number, code in enumerate(order)}
        values = np.array(
            [rank[row[0]] for row in table(connection, f"SELECT {name} FROM h ORDER BY household_key")]
        )
        normal[name], variance[name] = scores(values, cells)
    size = "CASE WHEN size <= 2 THEN 0 WHEN size <= 4 THEN 1 WHEN size <= 6 THEN 2 WHEN size <= 8 THEN 3 WHEN size <= 11 THEN 4 ELSE 5 END"
    answers["rooms"] = {"codes": ROOMS, **by_stratum(connection, "h", size, "least(rooms, 8)", ROOMS)}
    land = f"list_max(list_filter({list(LAND_ACRES)}, lambda a: a <= owned_land_acres))::DOUBLE"
    answers["owned_land_acres"] = {
        "codes": LAND_ACRES,
        **shares(connection, "h", "stratum", land, LAND_ACRES),
    }
    irrigated = (
        f"list_max(list_filter({list(IRRIGATED_ACRES)}, lambda a: a <= ceil(irrigated_land_acres)))::DOUBLE"
    )
    answers["irrigated_land_acres"] = {
        "codes": IRRIGATED_ACRES,
        **by_stratum(connection, "h", "(owned_land_acres > 0)::INT", irrigated, IRRIGATED_ACRES),
    }
    numbers = {
        "rooms": "least(rooms, 8)",
        "owned_land_acres": "owned_land_acres",
        "irrigated_land_acres": "irrigated_land_acres",
        "minors": "minors",
        "welfare": "welfare",
    }
    for name, sql in numbers.items():
        values = np.array(
            [row[0] for row in table(connection, f"SELECT {sql} FROM h ORDER BY household_key")]
        )
        normal[name], variance[name] = scores(values, cells)
    return answers, normal, variance


def person_figures(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return schooling and work by stratum, sex and age group."""
    cell = "sex || ',' || age_group"
    statuses = (
        "employer",
        "self_employed",
        "paid_employee",
        "family_worker",
        "cultivator",
        "sharecropper",
        "livestock_keeper",
    )
    occupations = OCCUPATIONS
    schools = ("madrasa", "government", "other", "private")
    return {
        "ages": AGES,
        "classes": CLASSES,
        "class": by_stratum(connection, "p WHERE age_years >= 4", cell, "highest_class", CLASSES),
        "attends": by_stratum(connection, "p WHERE age_years >= 4", cell, "attends_school", (False, True)),
        "schools": schools,
        "school_type": by_stratum(connection, "p WHERE attends_school", "(age_years >= 16)::INT", "school_type", schools),
        "reads": shares(connection, "p WHERE age_years >= 10", "highest_class", "can_read", (False, True)),
        "works": by_stratum(connection, "p WHERE age_years >= 10", cell, "worked_last_month", (False, True)),
        "occupations": occupations,
        "occupation": by_stratum(connection, "p WHERE worked_last_month", "sex", "occupation", occupations),
        "statuses": statuses,
        "work_status": shares(connection, "p WHERE worked_last_month", "occupation || ',' || region || ',' || sex", "work_status", statuses),
        "internet_use": by_stratum(connection, "p WHERE age_years >= 10", cell, "uses_internet", (False, True)),
        "computer_use": by_stratum(connection, "p WHERE age_years >= 10", cell, "uses_computer", (False, True)),
        "mobile_use": by_stratum(connection, "p WHERE age_years >= 10", cell, "uses_mobile", (False, True)),
    }  # fmt: skip


def shared_standing(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[dict[str, Floats], dict[str, float], dict[str, float]]:
    """Return each household's mean normal score of what its people share, its variance factor, and how much they share."""
    value = {
        "class": ("highest_class", "age_years >= 15"),
        "attends": ("attends_school::INT", "age_years BETWEEN 5 AND 16"),
        "private": ("(school_type = 'private')::INT", "attends_school"),
        "works": ("worked_last_month::INT", "age_years >= 15"),
        "occupation": (f"list_position({list(OCCUPATIONS)}, occupation)", "worked_last_month"),
        "internet_use": ("uses_internet::INT", "age_years >= 10"),
        "computer_use": ("uses_computer::INT", "age_years >= 10"),
        "mobile_use": ("uses_mobile::INT", "age_years >= 10"),
    }  # fmt: skip
    keys = [row[0] for row in table(connection, "SELECT household_key FROM h ORDER BY 1")]
    number = {key: place for place, key in enumerate(keys)}
    means, factor, sharing = {}, {}, {}
    for name, (sql, who) in value.items():
        rows = table(
            connection,
            f"SELECT household_key, {sql}, stratum || sex || age_group FROM p WHERE {who} ORDER BY household_key, line_no",
        )
        where = np.array([number[row[0]] for row in rows])
        one, variance = scores(np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))
        count = np.bincount(where, minlength=len(keys))
        total = np.bincount(where, one, minlength=len(keys))
        squares = np.bincount(where, one**2, minlength=len(keys))
        pairs = count * (count - 1)
        within = float(((total**2 - squares)[pairs > 0]).sum() / pairs.sum() / variance**2)
        sharing[name] = round(min(max(within, 0.02), 0.9), 4)
        means[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        factor[name] = variance * sharing[name] ** 0.5
    return means, factor, sharing


def correlation(columns: dict[str, Floats], factor: dict[str, float]) -> list[list[float]]:
    """Return the latent correlations of the columns, made positive definite; NaN means the household has no such person."""
    names = list(columns)
    found = np.eye(len(names))
    for i, first in enumerate(names):
        for j, second in enumerate(names[:i]):
            known = ~(np.isnan(columns[first]) | np.isnan(columns[second]))
            covariance = float(np.mean(columns[first][known] * columns[second][known]))
            found[i, j] = found[j, i] = np.clip(covariance / (factor[first] * factor[second]), -0.95, 0.95)
    values, vectors = np.linalg.eigh(found)
    whole = vectors @ np.diag(np.maximum(values, 0.02)) @ vectors.T
    scale = np.sqrt(np.diag(whole))
    rounded: list[list[float]] = np.round(whole / np.outer(scale, scale), 4).tolist()
    return rounded


def disability(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, float]:
    """Return the share of people with a disability by province, region and sex."""
    codes = {
        "KPK": "kp",
        "PUNJAB": "punjab",
        "SINDH": "sindh",
        "BALOCHISTAN": "balochistan",
        "ISLAMABAD": "islamabad",
    }
    found = {}
    for region in ("RURAL", "URBAN"):
        for sex in ("MALE", "FEMALE"):
            counts = f"sum({sex}_{region}) FILTER (WHERE DISAB_FUNC_LIM = 'Disability') / sum({sex}_{region}) FILTER (WHERE DISAB_FUNC_LIM = 'Population')"
            for province, share in connection.execute(
                f"SELECT PROVINCE, {counts} FROM read_parquet(?) WHERE PROVINCE IS NOT NULL GROUP BY 1",
                [str(path)],
            ).fetchall():
                found[f"{codes[province]},{region.lower()},{sex.lower()}"] = round(share, 5)
    return dict(sorted(found.items()))


def main() -> None:
    """Write population.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--survey", type=Path, required=True)
    parser.add_argument("--profile", default="pk-hiics-2015")
    parser.add_argument("--disability", type=Path, required=True)
    parser.add_argument("--poverty", type=Path, required=True)
    arguments = parser.parse_args()
    connection = duckdb.connect()
    read(arguments.survey, arguments.profile, programme=load(shipped()), connection=connection)
    prepare(connection)
    answers, columns, factor = household_figures(connection)
    means, mean_factor, sharing = shared_standing(connection)
    poverty = connection.execute(
        "SELECT adm2_pcode, coalesce(poverty_rate_2018, poverty_rate_2014) FROM read_csv(?) WHERE coalesce(poverty_rate_2018, poverty_rate_2014) IS NOT NULL ORDER BY 1",
        [str(arguments.poverty)],
    ).fetchall()
    figures = {
        "source": "Shares from the Household Integrated Income and Consumption Survey 2015-16 and census 2023 (table 16, disability), "
        "Pakistan Bureau of Statistics; district poverty rates 2018-19 (2014 where missing), World Bank Data4Pakistan. "
        "Made by tools/make_figures.py; cells under ten left out",
        "strata": STRATA,
        "stratum_of": STRATUM_OF,
        "family": family_figures(connection),
        "answers": answers,
        "people": person_figures(connection),
        "sharing": sharing,
        "copula": {
            "names": [*columns, *means],
            "correlation": correlation({**columns, **means}, {**factor, **mean_factor}),
        },
        "disability": disability(connection, arguments.disability),
        "poverty_percent": dict(poverty),
        "population_where_unknown": POPULATION_WHERE_UNKNOWN,
    }
    OUT.parent.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in figures.items())
    OUT.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
