"""Whether the models say what the migrations make: both are compared on a scratch database."""

import sys
import tempfile
from pathlib import Path

from alembic.config import Config
from alembic.util import CommandError

from alembic import command
from src import embedded

ROOT = Path(__file__).parent.parent


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="core-api-drift-") as folder,
        embedded.server(Path(folder) / "postgres") as url,
    ):
        config = Config(toml_file=str(ROOT / "pyproject.toml"), attributes={"url": url})
        command.upgrade(config, "head")
        try:
            command.check(config)
        except CommandError as exc:
            sys.exit(str(exc))


if __name__ == "__main__":
    main()
