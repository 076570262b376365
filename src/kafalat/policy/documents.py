"""YAML text as plain values that remember their lines.

Only the part of YAML a reviewer reads the same way as the machine: texts, whole and decimal numbers, true, false and
null, lists and mappings. Dates stay text until a model asks for a date. Duplicate keys, anchors, aliases and tags are refused:
each lets a value say something other than what the line seems to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml

from kafalat.policy.findings import Finding

Scalar = str | int | float | bool | None
Location = Sequence[str | int]
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})\.[0-9]{1,10}", re.ASCII)
_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}


class Mapping(dict[str, "Tree"]):
    """A YAML mapping; `line` is where it starts, `lines` where each key stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Items(list["Tree"]):
    """A YAML list; `line` is where it starts, `lines` where each item starts; `shortened` when a wrong item was taken out."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []
        self.shortened = False


Tree = Mapping | Items | Scalar


def read_yaml(file: str, content: bytes) -> tuple[Mapping | None, list[Finding]]:
    """Return the mapping one YAML file holds, with all that is wrong in its writing; None where it cannot be used at all."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        en = "The text is not UTF-8; save the file as UTF-8."
        return None, [Finding(file, line, en, "تحریر UTF-8 میں نہیں؛ فائل کو UTF-8 میں محفوظ کریں۔")]
    loader = _Loader(file, "")
    try:
        loader = _Loader(file, text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [_unreadable(file, mark.line + 1 if mark else 1, error.problem or error.context or "")]
    except yaml.reader.ReaderError as error:
        return None, [
            _unreadable(
                file, text.count("\n", 0, error.position) + 1, "a character that text files do not hold"
            )
        ]
    except RecursionError:
        return None, [_unreadable(file, 1, "lists or mappings nested too deeply")]
    finally:
        loader.dispose()
    if node is None:
        return None, [Finding(file, 1, "The file is empty.", "فائل خالی ہے۔")]
    if loader.refused:  # an alias may hold itself, or grow without end: it is never followed
        return None, loader.refused
    reader = _Reader(file)
    tree = reader.tree(node)
    if not isinstance(tree, Mapping):
        reader.add(
            1,
            "The file must hold keys with values, such as 'code: ...'.",
            "فائل میں کلیدیں اور ان کی قدریں ہونی چاہییں، جیسے «code: ...»۔",
        )
        return None, reader.findings
    return tree, reader.findings


def child(tree: Tree, step: str | int) -> tuple[int, Tree] | None:
    """Return the line and value of one key or item, or None where it is not there."""
    if isinstance(tree, Mapping) and isinstance(step, str) and step in tree:
        return tree.lines[step], tree[step]
    if isinstance(tree, Items) and isinstance(step, int) and 0 <= step < len(tree):
        return tree.lines[step], tree[step]
    return None


def line_of(tree: Tree, location: Location) -> int:
    """Return the line of the value at `location`, or of the nearest enclosing value that is there."""
    line = tree.line if isinstance(tree, Mapping | Items) else 1
    for step in location:
        found = child(tree, step)
        if found is None:
            break
        line, tree = found
    return line


def walk(tree: Tree, location: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Mapping]]:
    """Yield every mapping of the tree with its location, outermost first."""
    if isinstance(tree, Mapping):
        yield location, tree
        for key, value in tree.items():
            yield from walk(value, (*location, key))
    elif isinstance(tree, Items):
        for index, value in enumerate(tree):
            yield from walk(value, (*location, index))


def texts_at(tree: Tree, key: str, field: str) -> frozenset[str]:
    """Return the texts `field` of the items of the top-level list `key`, also of items that are otherwise wrong."""
    items = tree.get(key) if isinstance(tree, Mapping) else None
    found = (
        [item.get(field) for item in items if isinstance(item, Mapping)] if isinstance(items, Items) else []
    )
    return frozenset(text for text in found if isinstance(text, str))


class _Loader(yaml.SafeLoader):
    """Composes nodes and notes each anchor, alias and tag; nothing is constructed from them."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__(text)
        self.file = file
        self.refused: list[Finding] = []

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose the next node, as PyYAML does, after a look at how it is written."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # its stub has no types
        line = event.start_mark.line + 1 if event.start_mark else 1
        if (
            isinstance(event, yaml.NodeEvent) and event.anchor is not None
        ):  # an alias carries its anchor's name
            en = "Anchors and aliases (& and *) are not used here; write the value out."
            self.refused.append(
                Finding(self.file, line, en, "یہاں & اور * والے حوالے استعمال نہیں ہوتے؛ قدر پوری لکھیں۔")
            )
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            en = "Tags (!) are not used here; write the plain value."
            self.refused.append(
                Finding(self.file, line, en, "یہاں ! والے نشان استعمال نہیں ہوتے؛ سادہ قدر لکھیں۔")
            )
        return super().compose_node(parent, index)


class _Reader:
    """Turns composed nodes into values, collecting findings."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def add(self, line: int, en: str, ur: str) -> None:
        self.findings.append(Finding(self.file, line, en, ur))

    def tree(self, node: yaml.Node) -> Tree:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            items = Items(line)
            for child in node.value:
                items.lines.append(child.start_mark.line + 1)
                items.append(self.tree(child))
            return items
        mapping = Mapping(line)
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            key = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self.add(key_line, "A key must be a text.", "کلید تحریر ہونی چاہیے۔")
            elif key in mapping:
                first = mapping.lines[key]
                self.add(
                    key_line,
                    f"The key '{key}' stands twice, first in line {first}; keep one.",
                    f"کلید «{key}» دو بار لکھی ہے، پہلے سطر {first} میں؛ ایک رکھیں۔",
                )
            else:
                mapping.lines[key] = key_line
                mapping[key] = self.tree(value_node)
        return mapping


def _scalar(node: yaml.ScalarNode) -> Scalar:
    """Return the value of a scalar: quoted is text; plain is a number or constant only in its one usual spelling."""
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _unreadable(file: str, line: int, reason: str) -> Finding:
    return Finding(
        file,
        line,
        f"The file cannot be read as YAML here: {reason}. Look at the indentation, quotes and colons.",
        f"فائل یہاں YAML کے طور پر نہیں پڑھی جاتی ({reason})۔ حاشیہ، واوین اور کالن دیکھیں۔",
    )
