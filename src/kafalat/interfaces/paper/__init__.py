"""Printed pages: templates of typst in this folder, filled with data, as PDF with correct Nastaliq shaping.

The same template and data give the same bytes: no clock is read, and no font of the machine is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import typst

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"

TEMPLATES = Path(__file__).resolve().parent
FONTS = TEMPLATES.parent / "static" / "vendor" / "print"


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)])


def render(template: str, data: Mapping[str, JSON], *, tagged: bool = True) -> bytes:
    """Return the PDF of `template` (a name such as "slip", for `slip.typ` here) filled with `data`.

    `tagged`: with the structure that screen readers follow. Everything in `data` is set as text and never read as markup. Raises `typst.TypstError` for a template that does
    not fit its data, which is a mistake of ours.
    """
    return _rendered(template, data, "pdf", tagged=tagged)


def picture(template: str, data: Mapping[str, JSON], *, pixels_per_inch: int = 96) -> bytes:
    """Return the first page as PNG, to be looked at. The template must make one page only."""
    return _rendered(template, data, "png", pixels_per_inch=pixels_per_inch)


def _rendered(
    template: str,
    data: Mapping[str, JSON],
    form: Literal["pdf", "png"],
    *,
    pixels_per_inch: int | None = None,
    tagged: bool = True,
) -> bytes:
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    # One typesetter per page: it may not be shared between threads. It can reach no file outside this folder.
    typesetter = typst.Compiler(root=str(TEMPLATES), font_paths=_fonts(), ignore_system_fonts=True)
    pages = typesetter.compile(
        input=str(TEMPLATES / f"{template}.typ"),
        format=form,
        ppi=pixels_per_inch,
        sys_inputs=inputs,
        pdf_tags=tagged,
    )
    if not isinstance(pages, bytes):
        raise TypeError(template)
    return pages
