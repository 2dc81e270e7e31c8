"""The journey strip: under one change, every stop with its milliseconds, or what it waits for."""

from cli.answers import Journey, Stop
from cli.commands.screen import shown_time

ARRIVED, WAITING = "●", "○"


def journey_lines(journey: Journey) -> list[str]:
    """Return the strip and, below it, which change it is about."""
    stops = [f"stored {ARRIVED}{_stored_at(journey.stored)}"]
    before, waits_for = journey.stored, "the relay"
    for name, stop in _stops_after_the_store(journey):
        stops.append(f"{name} {_mark(stop)} {_when(stop, before, waits_for)}")
        if name == "Kafka":
            before, waits_for = stop, "the projector"
    place = f"partition {journey.partition}"
    if journey.feed_position is not None:
        place += f", feed position {journey.feed_position}"
    return [" ── ".join(stops), f"version {journey.version}, event {journey.event_id}, {place}"]


def _stops_after_the_store(journey: Journey) -> list[tuple[str, Stop]]:
    return [("Kafka", journey.kafka), *((model.name, model) for model in journey.read_models)]


def _stored_at(stop: Stop) -> str:
    return f" {shown_time(stop.at)}" if stop.at else ""


def _mark(stop: Stop) -> str:
    return ARRIVED if _is_there(stop) else WAITING


def _when(stop: Stop, before: Stop, waits_for: str) -> str:
    if stop.state == "parked":
        return "parked: an operator must retry or discard it"
    if not _is_there(stop):
        return f"waits for {waits_for}" if _is_there(before) else "waits for Kafka"
    # Of a change older than seven days only the arrival is known.
    return "arrived" if stop.milliseconds is None else f"{stop.milliseconds:g} ms"


def _is_there(stop: Stop) -> bool:
    return stop.state == "arrived"
