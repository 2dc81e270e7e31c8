"""What happens to the declarations of custom fields; one stream holds all of them.

Nothing here is personal: a declaration says what may be known of customers, never what is.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.events import Event

FieldType = Literal["text", "number", "date", "boolean", "choice", "choices"]
Sensitivity = Literal["public", "internal", "confidential", "restricted"]


class FieldLabel(BaseModel):
    """What people read beside the field, in each language."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    en: str
    """In English."""
    zh: str
    """In Chinese."""


class FieldDeclared(Event):
    """From now on customers can have values of this field."""

    name: str
    """What programs call it, once and for all: small letters, digits and _."""
    label: FieldLabel
    """What people call it."""
    type: FieldType
    """What its values are: text · number (exact, as decimal text) · date (ISO 8601) · boolean ·
    choice (one of `choices`) · choices (a list of them)."""
    is_required: bool = False
    """Whether a customer cannot be registered without a value."""
    choices: tuple[str, ...] = ()
    """What there is to choose from, in the order in which it is shown."""
    sensitivity: Sensitivity = "internal"
    """How carefully its values are treated."""


class FieldChanged(Event):
    """A declaration changed; what is absent stayed as it was, and so did every stored value."""

    name: str
    """Which field."""
    label: FieldLabel | None = None
    """What people call it from now on."""
    is_required: bool | None = None
    """Whether a customer cannot be registered without a value, from now on."""
    choices: tuple[str, ...] | None = None
    """What there is to choose from now on. A customer may still have what was taken away."""
    sensitivity: Sensitivity | None = None
    """How carefully its values are treated from now on, the stored ones too."""


class FieldRetired(Event):
    """No customer gets a new value of this field any more; those that have one keep it."""

    name: str
    """Which field."""


class FieldReinstated(Event):
    """A field that was retired can be given values again."""

    name: str
    """Which field."""


FieldEvent = FieldDeclared | FieldChanged | FieldRetired | FieldReinstated
