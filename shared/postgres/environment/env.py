"""Alembic enters here; everything it needs comes from `migrate`."""

from shared.postgres.migrating import run_environment

run_environment()
