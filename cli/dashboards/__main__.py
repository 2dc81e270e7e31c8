"""python -m cli.dashboards [--check]: write what monitoring is made of, or fail if it differs."""

import sys
from pathlib import Path

from cli.dashboards.boards import BOARDS
from cli.dashboards.operator_rules import operator_rules
from cli.dashboards.writing import json_of
from cli.local.paths import PROJECT

MONITORING = PROJECT / "deploy" / "monitoring"
FOLDER = MONITORING / "dashboards"


def main() -> None:
    """Write the dashboards and the operator's rules; with --check only exit 1 if a file differs."""
    made = {FOLDER / f"{board.name}.json": json_of(board) for board in BOARDS}
    made[MONITORING / "kubernetes" / "rules.yaml"] = operator_rules(MONITORING / "rules")
    odd = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    strange = [path for path in FOLDER.glob("*.json") if path not in made]
    if "--check" in sys.argv[1:]:
        for path in odd + strange:
            print(f"{_name(path)} is not what cli/dashboards makes")
        if odd or strange:
            sys.exit("Fix: make dashboards")
        return
    for path in strange:
        path.unlink()
    for path in odd:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path])
        print(_name(path))


def _name(path: Path) -> str:
    return str(path.relative_to(PROJECT))


if __name__ == "__main__":
    main()
