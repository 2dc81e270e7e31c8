"""What everybody of the demo may do as Daybook ships, written down by hand."""

from collections.abc import Mapping
from typing import Final

_JOINER = "explanation:read grant:read grant:request subject:read"
_SEES = "customer:read customer:history customer:journey customer:watch field:read"
_SALES = f"{_JOINER} {_SEES} customer:register customer:change"
_ADMINISTERS = (
    "evaluation:ask grant:approve grant:give grant:revoke lag:read policy:change policy:read"
    " leaver:read review:decide review:read review:start finding:read role:change role:read"
    " sod:except subject:act_as subject:change subject:read team:change team:read what_if:ask"
)
MAY: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(permissions.split())
    for name, permissions in {
        "alice": _SALES,
        "leo": _SALES,
        "wang": _SALES,
        "bob": f"{_SALES} customer:export grant:approve grant:break_glass review:decide"
        " review:read subject:read",
        "carol": f"{_JOINER} {_SEES} activity:read customer:change grant:break_glass",
        "dave": f"{_JOINER} customer:read customer:history customer:journey activity:read"
        " field:read feed:read access_record:read erasure:read policy:read role:read subject:read"
        " team:read review:read finding:read decision:read leaver:read",
        "erin": f"{_SALES} {_ADMINISTERS} activity:read customer:import consumer:read"
        " field:declare",
        "oscar": f"{_JOINER} consumer:read activity:read customer:journey customer:watch"
        " erasure:read grant:break_glass lag:read projection:operate role:read",
        "petra": f"{_JOINER} customer:read customer:history customer:journey customer:access_file"
        " customer:erase customer:hold erasure:read erasure:confirm field:read subject:read",
        "billing": f"{_JOINER} consumer:report customer:read erasure:confirm evaluation:ask"
        " feed:read field:read subject_key:read",
        "directory": f"{_JOINER} subject:provision subject:read",
        "customers": f"{_JOINER} evaluation:ask feed:read snapshot:read",
        "permissions": f"{_JOINER} evaluation:ask feed:read snapshot:read access_record:read"
        " lag:read",
    }.items()
}
"""The name one signs in with → the permissions of that person, however far they reach."""
