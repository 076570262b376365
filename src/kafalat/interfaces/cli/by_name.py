"""Groups of commands whose modules are found by name and imported when called.

A command waits for its own packages alone: proving the books takes no engine, and only the demo speaks for the simulated
banks, whose libraries take longer to import than everything else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from typer.core import TyperGroup
from typer.main import get_group


class ByName(TyperGroup):
    """A group that knows where its commands stand: the name of each, and the module whose `app` holds it.

    A module's `app` with a command of that name gives the command; else it is itself a group of that name.
    """

    modules: ClassVar[dict[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return every command's name."""
        return sorted({*super().list_commands(ctx), *self.modules})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command or group by its name, importing its module; None where there is none."""
        if cmd_name not in self.modules:
            return super().get_command(ctx, cmd_name)
        group = get_group(import_module(self.modules[cmd_name]).app)
        group.name = cmd_name
        return group.commands.get(cmd_name, group)
