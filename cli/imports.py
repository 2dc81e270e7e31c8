"""A file goes to the service, which imports it; here one follows it, and gets refused rows back."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cli.answers import Answer
from cli.client import WARNING, Call, DaybookClient
from cli.downloading import download
from cli.refusals import read_answer
from shared.errors import InvalidInputError, UnavailableError

MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".txt": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".vcf": "text/vcard",
}
ENDED: Final = frozenset({"done", "failed", "stopped", "cancelled"})
PIECE_BYTES: Final = 65_536
LOOK_AGAIN_SECONDS: Final = 0.2
ERRORS: Final = ".errors.csv"

OnProgress = Callable[["Import"], None]


class Import(Answer):
    """An import, or the undoing of one, as the service tells it."""

    id: str
    state: str
    dry_run: bool
    undoes: str | None = None
    undone_by: str | None = None
    actor: str
    made_at: str
    bytes: int
    bytes_read: int
    rows: int
    counts: dict[str, int]
    file: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None
    preview: list[dict[str, Any]] | None = None


class ImportPage(Answer):
    """Some imports, the newest first."""

    items: list[Import]
    next_page_token: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is to be imported; what is not said the service guesses."""

    preset: str | None = None
    source: str | None = None
    kind: str | None = None
    encoding: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """An import at its end, and where its refused rows are."""

    its: Import
    errors_file: Path | None
    is_visible_late: bool = False


async def import_file(
    client: DaybookClient, path: Path, wish: Wish, *, on_progress: OnProgress
) -> Ended:
    """Hand a file in and follow it to its end; `on_progress` is told now and then.

    Refused rows go to `FILE.errors.csv`, which can be mended and imported itself. Whatever happens
    here, a file that was handed in whole is imported.

    Raises:
        InvalidInputError: the file cannot be read, or is none of customers.
        UnavailableError: nobody answers any longer.
    """
    its = await _hand_in(client, path, wish)
    its, is_visible_late = await follow(client, its, on_progress)
    if its.problem is not None:
        told = its.problem
        raise InvalidInputError(
            told["problem"], field=told.get("field"), fix=told.get("fix") or "look at the file"
        )
    errors = path.with_name(f"{path.name}{ERRORS}")
    has_errors = its.counts["refused"] + its.counts.get("kept", 0) > 0
    errors_file = await fetch_errors(client, its, errors) if has_errors else None
    if errors_file is None and not its.dry_run:
        _remove(errors)
    return Ended(its, errors_file, is_visible_late)


async def follow(
    client: DaybookClient, its: Import, on_progress: OnProgress
) -> tuple[Import, bool]:
    """Return an import at its end, and whether lists will show what it did late."""
    while True:
        try:
            answer = await client.send_patiently(Call("GET", f"/v1/imports/{its.id}"))
        except UnavailableError as error:
            raise UnavailableError(
                f"{error.detail} The file was handed in: it is imported without this command.",
                fix=f"{error.fix}; `daybook imports list` shows how far it is",
                who_can_help=error.who_can_help,
            ) from error
        its = read_answer(Import, answer)
        on_progress(its)
        if its.state in ENDED:
            return its, answer.headers.get(WARNING, "").startswith("visible-late")
        await client.pause(LOOK_AGAIN_SECONDS)


async def fetch_errors(client: DaybookClient, its: Import, into: Path) -> Path:
    """Write what was refused, kept or left into a file of the owner's."""
    await download(client, Call("GET", f"/v1/imports/{its.id}/errors"), into)
    return into


async def _hand_in(client: DaybookClient, path: Path, wish: Wish) -> Import:
    # The refused rows of any file are a CSV file themselves.
    media_type = MEDIA_TYPES.get(path.suffix.lower(), "text/csv")
    params = {
        "preset": wish.preset,
        "source": wish.source or wish.preset or _source_of(path),
        "kind": wish.kind,
        "encoding": wish.encoding,
        "map": _json(wish.map),
        "dry_run": "true" if wish.is_dry_run else None,
    }
    _refuse_unreadable(path)
    call = Call(
        "POST", "/v1/imports", params, headers={"Content-Type": media_type},
        content=lambda: _pieces(path),
    )  # fmt: skip
    return read_answer(Import, await client.send_patiently(call))


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _refuse_unreadable(path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", fix="check the name with `ls -l`"
        ) from error


def _source_of(path: Path) -> str:
    """Return a name for the file's source that tells nothing: the file's may name somebody."""
    name = path.name.removesuffix(ERRORS)
    return f"file-{sha256(name.encode()).hexdigest()[:16]}"


def _json(mapping: Mapping[str, str]) -> str | None:
    return json.dumps(dict(mapping)) if mapping else None


def _remove(errors: Path) -> None:
    try:
        errors.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInputError(
            f"{errors} is left from an earlier import and cannot be removed: {error.strerror}.",
            fix="remove it",
        ) from error
