"""What the event store refuses is told in words that mend it."""

import asyncpg

from shared.errors import InvalidInputError, UnavailableError, VersionConflictError


def key_used_for_another_body() -> InvalidInputError:
    """Return the refusal of an idempotency key that already belongs to another request."""
    return InvalidInputError(
        "this Idempotency-Key was used before, for another request body",
        code="idempotency-key-reused",
        field="Idempotency-Key",
        fix="use a new key for a new request; repeat a request with exactly the same body",
    )


def told(error: asyncpg.PostgresError) -> Exception:
    """Return what the append function refused, in words; any other error as it is."""
    if error.sqlstate == "DB422":
        return key_used_for_another_body()
    if error.sqlstate in {"DB412", "DB423"}:
        detail = error.detail
        return VersionConflictError(
            "somebody changed this since you read it",
            current_version=int(detail) if detail else None,
            field="If-Match",
            fix="read it again, look at what changed, and send the change with the new ETag",
        )
    return error


def unavailable() -> UnavailableError:
    """Return that the store does not answer, and how to ask again."""
    return UnavailableError(
        "the event store does not answer",
        fix="repeat the request with the same Idempotency-Key: it will happen once",
        who_can_help="an operator",
        retry_after_seconds=1,
    )
