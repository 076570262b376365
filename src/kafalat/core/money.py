"""Money as integer paisa. No float ever touches an amount; one rupee is one hundred paisa."""

from __future__ import annotations

import re

PAISA_PER_RUPEE = 100
_DECIMAL = re.compile(r"\A(\d{1,16})(?:\.(\d{1,2}))?\Z", re.ASCII)


def rupees_text(amount_paisa: int) -> str:
    """Return the amount as people read it: `Rs 14,500`, with paisa only where there are some.

    >>> rupees_text(1_450_000)
    'Rs 14,500'
    >>> rupees_text(-1_450_050)
    '-Rs 14,500.50'
    """
    sign = "-" if amount_paisa < 0 else ""
    rupees, paisa = divmod(abs(amount_paisa), PAISA_PER_RUPEE)
    return f"{sign}Rs {rupees:,}" + (f".{paisa:02d}" if paisa else "")


def decimal_text(amount_paisa: int) -> str:
    """Return the amount as bank messages write it, two decimals, no sign.

    Raises ValueError for a negative amount: a payment instruction never carries one.

    >>> decimal_text(1_450_000)
    '14500.00'
    """
    if amount_paisa < 0:
        msg = f"a payment amount cannot be negative: {amount_paisa} paisa"
        raise ValueError(msg)
    rupees, paisa = divmod(amount_paisa, PAISA_PER_RUPEE)
    return f"{rupees}.{paisa:02d}"


def paisa_from_decimal(text: str) -> int:
    """Return integer paisa from a bank message's decimal text.

    Raises ValueError unless the text is ASCII digits with at most two decimals; nothing is rounded.

    >>> paisa_from_decimal("14500.5")
    1450050
    """
    match = _DECIMAL.match(text.strip())
    if match is None:
        msg = f"not an amount in rupees and paisa: {text!r}"
        raise ValueError(msg)
    rupees, paisa = match.group(1), (match.group(2) or "").ljust(2, "0")
    return int(rupees) * PAISA_PER_RUPEE + int(paisa)
