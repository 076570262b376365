"""The words of the pages: each has its Urdu, with the same gaps to fill, in Urdu letters."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message as Entry
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

INTERFACES = Path(__file__).resolve().parent.parent.parent / "src" / "kafalat" / "interfaces"
TEXTS = INTERFACES / "locale" / "ur" / "LC_MESSAGES" / "django.po"
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2)}
GAP = re.compile(r"%\((\w+)\)s")
ARABIC_LETTERS = re.compile("[يكىةهۀ]")  # their Urdu forms are ی ک ی ہ ہ

Message = str | tuple[str, str]


def messages_of(source: str) -> set[Message]:
    """Return the texts to translate in Python source."""
    found = extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS)
    return {
        message if isinstance(message, str) else (message[0], message[1])
        for _, message, _, _ in found
        if message
    }


@cache
def used() -> frozenset[Message]:
    """Return every text that a template or a page's Python asks to have translated."""
    found: set[Message] = set()
    for path in INTERFACES.rglob("*.html"):
        found |= messages_of(templatize(path.read_text(encoding="utf-8"), origin=str(path)))
    for path in INTERFACES.rglob("*.py"):
        found |= messages_of(path.read_text(encoding="utf-8"))
    return frozenset(found)


@cache
def translated() -> dict[Message, Entry]:
    """Return the Urdu catalogue by text."""
    with TEXTS.open("rb") as file:
        catalogue = read_po(file, locale="ur", abort_invalid=True)
    return {
        entry.id if isinstance(entry.id, str) else (entry.id[0], entry.id[1]): entry
        for entry in catalogue
        if entry.id
    }


def both(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Return a text and, where it has one, its plural."""
    return (value or "",) if isinstance(value, str | None) else tuple(value)


def test_every_text_has_its_urdu() -> None:
    assert used() - translated().keys() == frozenset()


def test_no_urdu_is_left_of_a_text_that_went() -> None:
    assert translated().keys() - used() == set()


def test_control_texts_of_templates_and_python_are_found() -> None:
    template = "{% load i18n %}{% translate 'One' %}{% blocktranslate count n=x %}{{ n }} a{% plural %}{{ n }} b{% endblocktranslate %}"
    assert messages_of(templatize(template)) == {"One", ("%(n)s a", "%(n)s b")}
    assert messages_of("x = _('Two')") == {"Two"}


@pytest.mark.parametrize("entry", translated().values(), ids=lambda entry: both(entry.id)[0][:40])
def test_urdu_is_complete_and_fills_the_same_gaps(entry: Entry) -> None:
    assert all(both(entry.string)), "a text is empty"
    assert "fuzzy" not in entry.flags
    wanted = {gap for text in both(entry.id) for gap in GAP.findall(text)}
    for text in both(entry.string):
        assert set(GAP.findall(text)) == wanted
        assert not ARABIC_LETTERS.search(text), "Arabic letters stand for Urdu ones"


def test_template_texts_are_never_written_without_translation() -> None:
    """Words between tags of a template stand inside a translate tag; numbers, marks and codes need none."""
    bare = {}
    for path in INTERFACES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", text, flags=re.DOTALL)
        text = re.sub(r"{% block body_class %}.*?{% endblock %}", "", text)
        text = re.sub(r"<code[^>]*>.*?</code>|<bdi dir=\"ltr\"[^>]*>[\d-]+</bdi>", "", text, flags=re.DOTALL)
        text = re.sub(r"{[%{#].*?[%}#]}", "", text, flags=re.DOTALL)
        # Attributes may hold `>` only inside tags that are gone by now.
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", " ", text))
        if words:
            bare[path.name] = words
    assert bare == {}
