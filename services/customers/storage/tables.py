"""The read models as SQLAlchemy Core sees them; the SQL files are what makes them."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()

DIRECTORY = Table(
    "directory",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text),
    Column("emails", JSONB, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("is_erased", Boolean, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("sort_name", Text, nullable=False),
    Column("search", Text, nullable=False),
)
