"""Checks `accounts.yaml` against what no value can say about itself: codes, filters, and what a report of death leads to."""

from __future__ import annotations

from collections.abc import Iterator

from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.sheaf import Sheaf


def accounts(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `accounts.yaml`."""
    part = sheaf.accounts
    if part.value is None:
        return
    rules = part.value
    for place, entries in (("suspensions", rules.suspensions), ("exits", rules.exits)):
        codes = [entry.code for entry in entries]
        for index, code in enumerate(codes):
            if code in codes[:index]:
                fault = Fault(f"The code '{code}' stands twice.", f"کوڈ «{code}» دو بار لکھا ہے۔")
                yield part.finding((place, index, "code"), fault)
    death = rules.suspension(rules.death_suspension)
    # Where an entry was set aside for a mistake of its own, what leads to it is not called a mistake as well.
    if (death is None and part.whole) or (death is not None and death.proof != "life"):
        fault = Fault(
            f"'{rules.death_suspension}' is no suspension that a proof of life lifts.",
            f"«{rules.death_suspension}» ایسی معطلی نہیں جو زندہ ہونے کے ثبوت سے ختم ہو۔",
            nearest(rules.death_suspension, [entry.code for entry in rules.suspensions]),
        )
        yield part.finding(("death_suspension",), fault)
    if sheaf.filters.value is None or not sheaf.filters.whole:
        return
    filters = [entry.code for entry in sheaf.filters.value.filters]
    for index, code in enumerate(rules.death_filters):
        if code not in filters:
            fault = Fault(
                f"filters.yaml has no filter '{code}'.",
                f"filters.yaml میں فلٹر «{code}» نہیں۔",
                nearest(code, filters),
            )
            yield part.finding(("death_filters", index), fault)
