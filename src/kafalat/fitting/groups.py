"""The groups of households whose errors are told apart: province, region, sex of the head, size, disability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kafalat.core.text import Bilingual
from kafalat.fitting.sample import Objects, Sample
from kafalat.policy.model import Programme

SIZES = ((1, 3), (4, 5), (6, 7), (8, 9), (10, None))


@dataclass(frozen=True)
class Group:
    """A way to divide households: its label, and each code's; `codes` gives each household's code, None where not known."""

    name: str
    label: Bilingual
    labels: Mapping[str, Bilingual]
    codes: Objects


def groups_of(sample: Sample, programme: Programme) -> tuple[tuple[Group, ...], tuple[Bilingual, ...]]:
    """Return the divisions the survey knows, and the labels of those it did not ask for."""
    found: list[Group] = []
    missing: list[Bilingual] = []
    facts = {fact.name: fact for fact in programme.facts if fact.level == "household"}
    plain = {
        "province": Bilingual(en="Province", ur="صوبہ"),
        "region": Bilingual(en="Town or village", ur="شہر یا گاؤں"),
        "head_sex": Bilingual(en="Sex of the head", ur="سربراہ کی جنس"),
    }
    for name, label in plain.items():
        if name in facts and sample.table[name].notna().any():
            codes = sample.table[name].astype(object).where(sample.table[name].notna(), None)
            found.append(Group(name, label, dict(facts[name].categories), codes.to_numpy(dtype=object)))
        else:
            missing.append(label)
    found.append(_sizes(sample))
    label = Bilingual(en="Members with a disability", ur="معذور افراد")
    if "disabled_members" in facts and sample.table["disabled_members"].notna().any():
        numbers = sample.table["disabled_members"].to_numpy(dtype=np.float64, na_value=np.nan)
        codes = np.where(numbers > 0, "yes", "no").astype(object)
        codes[np.isnan(numbers)] = None
        words = {
            "yes": Bilingual(en="Somebody lives with a disability", ur="کوئی معذور فرد ہے"),
            "no": Bilingual(en="Nobody does", ur="کوئی نہیں"),
        }
        found.append(Group("disability", label, words, codes))
    else:
        missing.append(label)
    return tuple(found), tuple(missing)


def _sizes(sample: Sample) -> Group:
    codes = np.full(len(sample), None, dtype=object)
    labels = {}
    for low, high in SIZES:
        code = f"{low}_to_{high}" if high else f"{low}_or_more"
        codes[(sample.size >= low) & (sample.size <= (high or 10**6))] = code
        labels[code] = (
            Bilingual(en=f"{low} to {high} members", ur=f"{low} سے {high} افراد")
            if high
            else Bilingual(en=f"{low} or more members", ur=f"{low} یا زیادہ افراد")
        )
    return Group("size", Bilingual(en="Members of the household", ur="گھرانے کے افراد"), labels, codes)
