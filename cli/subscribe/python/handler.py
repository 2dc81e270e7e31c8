"""Yours: what your tables are, and what each event does to them. This one keeps customers.

Everything here runs in the one SQLite transaction that also moves the marks: each event changes
your tables exactly once. What must not happen twice elsewhere (a mail, a payment) does not belong
here: write it down as a row, and let another program do it and tick it off.
"""

import sqlite3
from typing import Any

from event import Event

Json = dict[str, Any]

SCHEMA = """
    create table if not exists customers (
        id text primary key, name text, version integer not null default 0,
        changes integer not null default 0, erased integer not null default 0
    );
    create table if not exists emails (id text primary key, customer text, address text);
    create table if not exists events (type text primary key, applied integer not null);
"""

TYPES = {
    "CustomerRegistered",
    "CustomerRenamed",
    "CustomerEmailAdded",
    "CustomerEmailRemoved",
    "CustomerErased",
}
# These end everything personal about the subject; nothing that is parked holds them up.
ERASING = {"CustomerErased", "PersonalDataErased"}
# Set it to False if you may not fetch keys, or need no personal fields.
READS_PERSONAL = True


def apply(db: sqlite3.Connection, event: Event, data: Json, personal: Json | None) -> None:
    """Change the tables by one event.

    `data` are its clear members, as far as you read them; members that you do not know are no
    error. `personal` are the opened ones ({}: it has none; None: the customer was erased).
    An exception parks the event, and what follows in its stream, until `consumer.py retry`.
    """
    db.execute("insert into customers (id) values (?) on conflict do nothing", [event.subject])
    if personal is None:
        forget(db, event.subject)
    (is_erased,) = db.execute(
        "select erased from customers where id = ?", [event.subject]
    ).fetchone()
    if personal and not is_erased:
        _remember(db, event, data, personal)
    if event.type == "CustomerEmailRemoved":
        db.execute("delete from emails where id = ?", [data["email_id"]])
    db.execute(
        "update customers set version = ?, changes = changes + 1 where id = ?",
        [event.version, event.subject],
    )
    db.execute(
        "insert into events values (?, 1) on conflict do update set applied = applied + 1",
        [event.type],
    )


def forget(db: sqlite3.Connection, subject: str) -> None:
    """Keep nothing personal of this subject, now and later; called for every ERASING event."""
    db.execute("update customers set name = null, erased = 1 where id = ?", [subject])
    db.execute("delete from emails where customer = ?", [subject])


def _remember(db: sqlite3.Connection, event: Event, data: Json, personal: Json) -> None:
    if event.type in {"CustomerRegistered", "CustomerRenamed"}:
        db.execute("update customers set name = ? where id = ?", [personal["name"], event.subject])
    emails = personal.get("emails", [])
    if event.type == "CustomerEmailAdded":
        emails = [{"id": data["email_id"], "address": personal["address"]}]
    for email in emails:
        row = [email["id"], event.subject, email["address"]]
        db.execute("insert or replace into emails values (?, ?, ?)", row)
