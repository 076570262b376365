"""The command line: parses, calls one service or selector, prints. A problem prints in both languages and exits with 2."""

from kafalat.interfaces.cli.app import run

__all__ = ["run"]
