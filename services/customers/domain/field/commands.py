"""What may be asked of the declarations of custom fields."""

from dataclasses import dataclass

from services.customers.domain.field.events import FieldLabel, FieldType, Sensitivity


@dataclass(frozen=True, slots=True)
class DeclareField:
    """Let customers have values of a new field."""

    name: str
    label: FieldLabel
    type: FieldType
    is_required: bool = False
    choices: tuple[str, ...] = ()
    sensitivity: Sensitivity = "internal"


@dataclass(frozen=True, slots=True)
class ChangeField:
    """Change what may change without breaking a stored value; None: leave it as it is."""

    name: str
    label: FieldLabel | None = None
    is_required: bool | None = None
    choices: tuple[str, ...] | None = None
    sensitivity: Sensitivity | None = None


@dataclass(frozen=True, slots=True)
class RetireField:
    """Let no customer get a new value of it."""

    name: str


@dataclass(frozen=True, slots=True)
class ReinstateField:
    """Let customers get values of a retired field again."""

    name: str


FieldCommand = DeclareField | ChangeField | RetireField | ReinstateField
