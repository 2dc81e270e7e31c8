#!/usr/bin/env python3
"""{{name}}: reads Daybook's events into its own tables. Without arguments it runs."""

import argparse
import logging
import signal
import sys
from threading import Event as Stop

import daybook
import handler
import settings
from applying import Applier
from reader import Reader
from state import Folder, State


def run(folder: Folder) -> None:
    """Read until SIGTERM or Ctrl-C."""
    folder.lock()
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Reader(handler, folder, daybook.connect()).run(stop)


def show_parked(state: State) -> None:
    """Print what is parked, a line each: event, stream, version, type, why."""
    for event, why in state.parked():
        print(event.id, event.stream, event.version, event.type, why, sep="  ")


def retry(state: State) -> int:
    """Apply what is parked once more, stream by stream; return how many still wait."""
    applier = Applier(handler, daybook.connect())
    with state.transaction():
        for stream in {event.stream: None for event, _ in state.parked()}:
            print(f"{stream}: {applier.retry(state, stream)} applied")
    return len(state.parked())


def discard(state: State, event_id: str) -> int:
    """Let go of one parked event for good, and retry what waits behind it."""
    with state.transaction():
        if all(event.id != event_id for event, _ in state.parked()):
            raise SystemExit(
                f"Error: no event {event_id} is parked. `consumer.py parked` lists all"
            )
        state.unpark(event_id=event_id)
    return retry(state)


def main() -> int:
    """Do what the arguments say."""
    flags = argparse.ArgumentParser(description=__doc__)
    what = flags.add_subparsers(dest="what", metavar="run | parked | retry | discard")
    what.add_parser("run", help="read until told to stop")
    what.add_parser("parked", help="list the events that could not be applied, and what waits")
    what.add_parser("retry", help="apply what is parked once more")
    what.add_parser("discard", help="let go of one parked event").add_argument("event_id")
    asked = flags.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = Folder(settings.FOLDER, handler.SCHEMA)
    try:
        return _do(asked, folder)
    except daybook.UnavailableError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _do(asked: argparse.Namespace, folder: Folder) -> int:
    match asked.what:
        case "parked":
            show_parked(folder.current())
        case "retry":
            return min(retry(folder.current()), 1)
        case "discard":
            return min(discard(folder.current(), asked.event_id), 1)
        case _:
            run(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
