"""`kafalat audit`: checkpoints of the log, and the log compared with one."""

from __future__ import annotations

from typing import Annotated

import typer

from kafalat.audit.selectors import checkpoint, verify
from kafalat.config import boot
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.office import office

app = typer.Typer(no_args_is_help=True, help="The audit log.")


@app.command("checkpoint")
def audit_checkpoint() -> None:
    """Print the size and root of the audit log, to be kept outside: it shows later whether the past was edited."""
    boot.database(office().home)
    mark = checkpoint()
    print_lines(f"{mark.size} entries, root {mark.root_hex}")


@app.command("verify")
def audit_verify(
    size: Annotated[int, typer.Option(min=0, help="Entries the checkpoint covered.")],
    root: Annotated[str, typer.Option(help="Its root, 64 hexadecimal digits.")],
) -> None:
    """Compare the log with a checkpoint kept outside: any edit of the past is refused and named."""
    boot.database(office().home)
    mark = verify(size=size, root_hex=root)
    print_lines(
        f"the first {size} entries are those of the checkpoint; now {mark.size} entries, root {mark.root_hex}",
        f"پہلے {size} اندراجات وہی ہیں جن کی مہر لی گئی تھی",
    )
