"""A survey as a sample to fit and judge on: facts, welfare, sampling unit and weight of each household, in order of its key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from kafalat.engine.derive import household_facts_sql
from kafalat.fitting.scores import scores_sql
from kafalat.policy.model import Programme, Scorecard
from kafalat.survey.profiles import programme_for, read

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

_NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
}


@dataclass(frozen=True)
class Sample:
    """The households of a survey, sorted by key; every array has one entry per household.

    `table` has one column per household fact of the programme, nullable (pd.NA: missing). `spending` is in rupees (the
    survey's own currency) a year, nan where unknown or not above zero; `size` counts members, 0 where unknown; `welfare`
    is ln(spending / size), nan where one of them is missing. `weight` is 1.0 everywhere in a survey without weights
    (`weighted` False).
    """

    profile: str
    keys: Objects
    table: pd.DataFrame
    spending: Floats
    size: Integers
    welfare: Floats
    psu: Objects
    weight: Floats
    weighted: bool

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, chosen: npt.NDArray[Any]) -> Sample:
        """Return the sample of the chosen households: a mask, or row numbers in rising order."""
        return Sample(
            self.profile,
            self.keys[chosen],
            self.table.loc[chosen].reset_index(drop=True),
            self.spending[chosen],
            self.size[chosen],
            self.welfare[chosen],
            self.psu[chosen],
            self.weight[chosen],
            self.weighted,
        )

    def known(self) -> Sample:
        """Return the households whose welfare is known: those one can fit and judge on."""
        return self.rows(np.isfinite(self.welfare))


def read_sample(folder: Path, profile: str, programme: Programme) -> Sample:
    """Return every household of a survey, also those without spending. Raises the problems of `survey.*`.

    A household without a sampling unit (or a survey that names none) is a unit of its own. A survey with facts of its own
    is read with them.
    """
    programme = programme_for(profile, programme)
    with duckdb.connect() as connection:
        name = read(folder, profile, programme=programme, connection=connection).profile
        table: pd.DataFrame = (
            connection.sql(
                "SELECT h.household_key AS _key, h.spending_rupees_year AS _spending, coalesce(h.psu, h.household_key) AS _psu, "
                f"h.weight AS _weight, f.* EXCLUDE (household_key) FROM ({household_facts_sql(programme)}) AS f "
                "JOIN households AS h USING (household_key) ORDER BY household_key"
            )
            .to_arrow_table()
            .to_pandas(types_mapper=_NULLABLE.get)
        )
    spending = _floats(table.pop("_spending"))
    spending[~(spending > 0)] = np.nan
    size = table["household_size"].fillna(0).to_numpy(dtype=np.int64)
    with np.errstate(divide="ignore"):
        welfare = np.where(size > 0, np.log(spending / np.maximum(size, 1)), np.nan)
    weight = _floats(table.pop("_weight"))
    weighted = bool(np.isfinite(weight).any())
    return Sample(
        profile=name,
        keys=table.pop("_key").to_numpy(dtype=object),
        psu=table.pop("_psu").to_numpy(dtype=object),
        table=table,
        spending=spending,
        size=size,
        welfare=welfare,
        # A household the survey gave no weight speaks for nobody.
        weight=np.nan_to_num(weight) if weighted else np.ones(len(weight)),
        weighted=weighted,
    )


def scores_of(sample: Sample, scorecard: Scorecard) -> Floats:
    """Return each household's score by a scorecard; nan where an answer is missing."""
    with duckdb.connect() as connection:
        rows = sample.table.assign(_row=range(len(sample)))
        connection.register("facts", pa.Table.from_pandas(rows, preserve_index=False))
        found = connection.sql(
            f"SELECT score FROM ({scores_sql(scorecard, 'facts')}) ORDER BY _row"
        ).fetchnumpy()["score"]
    return np.ma.filled(found.astype(np.float64), np.nan)


def folds(psu: Objects, count: int = 5) -> Integers:
    """Return the fold 0..count-1 of each household: whole sampling units, dealt in turn in the order of their names."""
    _, unit = np.unique(psu.astype(str), return_inverse=True)
    return np.asarray(unit % count, dtype=np.int64)


def _floats(column: pd.Series) -> Floats:
    return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
