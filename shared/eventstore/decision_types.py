"""What was decided about rights is written down so that it can be asked again and answer the same.

Ids, classes and words of the policy only: what else a decision looked at is left out and named, and
the decision says of itself that it cannot be asked again.
"""

from datetime import datetime

from pydantic import Field

from shared.events import Event

Plain = bool | int | str
"""What a condition compares."""


class DecisionRecorded(Event):
    """It was decided whether somebody may do something; the event's id is the decision's.

    Written of each refusal, and of each allowance of what is critical, takes data out, or is done
    in the name of somebody else. Identical ones after 100 within a minute, and all other
    allowances, are counted (DecisionsCounted). Asked again of the permissions as of `epoch` and
    `position`, at `decided_at`, the answer is the same.
    """

    subject: str
    """Who asked; `-`: somebody whom nobody knows."""
    kind: str | None = None
    """Whether the subject is a person or a service; absent: nobody knows the subject."""
    actor: str | None = None
    """Who acted in the subject's name, if it was somebody else."""
    asked_by: str | None = None
    """The program that asked about the subject, if one did (AuthZEN): it was told the answer, and
    the subject, if refused, was refused by that program if by anybody."""
    permission: str
    """For what: `<resource type>:<action>`; `*:*`: one that nobody defined."""
    resource_type: str | None = None
    """On a record of which type; absent: whether on any record at all."""
    resource_id: str | None = None
    """The opaque id of that record."""
    owner: str | None = None
    """The subject who owned the record."""
    sensitivity: str | None = None
    """How secret the record was: public, internal, confidential, restricted; absent: unclassed."""
    is_allowed: bool
    """The answer."""
    code: str
    """Why, for example allowed, no_grant or out_of_scope."""
    grant_id: str | None = None
    """The grant that allowed, denied, or came nearest."""
    role: str | None = None
    """The role that this grant gives, if it gives one."""
    rule: str | None = None
    """The rule of separation of duties that stood against it."""
    epoch: int
    """Of the permissions service's store."""
    position: int
    """The feed position up to which permissions were known."""
    age_seconds: float | None = None
    """How old that was at most; absent: nobody could tell."""
    decided_at: datetime
    """By the clock of whoever decided, which begins and ends grants."""
    wanted: int = 0
    """The feed position that had to be known, because the asker had seen it."""
    attributes: dict[str, Plain | tuple[Plain, ...]] = Field(default_factory=dict)
    """What conditions looked at besides, for example `resource.stage`: ids, true and false, and
    values that the policy itself names."""
    deeds: dict[str, tuple[str, ...]] | None = None
    """Permission → which of these hands had used it on the record, where a rule asks for it."""
    left_out: tuple[str, ...] = ()
    """What conditions looked at and is not written down; if there is any, the decision cannot be
    asked again."""
    operation: str | None = None
    """The route's name, for example `get_customer`, or that of the work under way."""
    process: str | None = None
    """Which process decided: service, role and a number of its own, `customers/api/3f9c2a1b`."""
    request_id: str | None = None
    """The caller's `X-Request-ID`, up to 200 of the characters that ids are made of (letters,
    digits, `_.:=+/-`); absent: none was sent, or one that could be anything, such as an address."""


class DecisionsCounted(Event):
    """So many equal decisions were made: each is counted here or told by itself, never both.

    Allowances are counted every five seconds, refusals beyond 100 alike within a minute. Refusals
    are alike whatever records they are of: of which ones they were says `resource_ids`, and where
    that is more than 500, several of these events say it together.
    """

    subject: str
    """Who asked; `-`: somebody whom nobody knows; `*`: each of many, in a search."""
    kind: str | None = None
    """Whether the subject is a person or a service; absent: nobody knows the subject."""
    actor: str | None = None
    """Who acted in the subject's name, if it was somebody else."""
    asked_by: str | None = None
    """The program that asked about the subject, if one did (AuthZEN)."""
    is_search: bool = False
    """Whether that program looked for what is allowed, so that nobody wanted to do it."""
    permission: str
    """For what: `<resource type>:<action>`; `*:*`: one that nobody defined."""
    resource_type: str | None = None
    """On records of which type; absent: whether on any record at all."""
    resource_ids: tuple[str, ...] = ()
    """The opaque ids of these records, each once; none of ordinary allowances and of searches."""
    times_unlisted: int = 0
    """How many of `times` were of records that stand in none of these events: those after the
    first 10,000 of a minute, or after the first 100,000 of all that a process has to tell, and
    those by a name that is no opaque id. Always 0 where no ids are listed by design."""
    is_allowed: bool
    """The answer."""
    code: str
    """Why, for example allowed, no_grant or out_of_scope."""
    times: int
    """How often, from `first_at` to `last_at`."""
    first_at: datetime
    """When the first was decided."""
    last_at: datetime
    """When the last was decided."""
    operation: str | None = None
    """The route's name, for example `rename_customer`, or that of the work under way; absent: of
    several, as ordinary allowances and searches are."""
    process: str | None = None
    """Which process decided: service, role and a number of its own, `customers/api/3f9c2a1b`."""
