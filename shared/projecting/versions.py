"""A read model has versions side by side; exactly one of them answers."""

from collections.abc import Mapping


def schema_of(projection: str, version: int) -> str:
    """Return the schema that holds the tables of one version of a projection."""
    return f"{projection}_{version}"


def settings_of(projection: str, version: int) -> Mapping[str, str]:
    """Return the settings of connections on which the projection's code sees this version."""
    return {"search_path": f'"{schema_of(projection, version)}", public'}
