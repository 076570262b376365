"""Entry point of the `kafalat` command: readies the installation, then hands over to the command line."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from kafalat.config import boot

# What needs no installation makes none: a scorecard is judged on a machine without home folder or database.
WITHOUT_INSTALLATION = ("scorecard",)

if sys.argv[1:2] and sys.argv[1] in WITHOUT_INSTALLATION:
    from kafalat.interfaces.cli.scorecard_command import run
else:
    boot.prepare()

    from kafalat.interfaces.cli.app import run  # models can be imported only once Django is set up


def _stop(signum: int, _frame: FrameType | None) -> None:
    """End on SIGTERM as on Ctrl-C, so that the embedded server is let go of."""
    sys.exit(128 + signum)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _stop)
    run()


if __name__ == "__main__":
    main()
