"""The checked-in tape is what this code makes: `python -m cli.tape` writes it, --check compares."""

import sys

from cli.local.paths import PROJECT
from cli.tape.recorded import FOLDER, files_of
from cli.tape.scenes import every


def main(arguments: list[str]) -> int:
    """Write the tape anew, or with --check say which files differ; 1 if any does."""
    folder = PROJECT / FOLDER
    made = {folder / path: text for path, text in files_of(every()).items()}
    there = {*folder.glob("*/*"), folder / "tape.json"}
    stale = sorted(path for path in there if path not in made and path.exists())
    differing = [p for p, text in made.items() if not p.exists() or p.read_text() != text]
    if "--check" in arguments:
        for path in [*differing, *stale]:
            print(f"{path.relative_to(PROJECT)} is not what the code makes. Fix: make contracts")
        return 1 if differing or stale else 0
    for path in stale:
        path.unlink()
        print(f"removed {path.relative_to(PROJECT)}")
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path])
        print(f"wrote {path.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
