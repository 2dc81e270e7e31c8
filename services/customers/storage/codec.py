"""Every event that this service writes, and the one codec that reads them all back."""

from typing import get_args

from services.customers.domain.customer.events import CustomerEvent
from services.customers.domain.erasure.events import ErasureEvent
from services.customers.domain.field.events import FieldEvent
from services.customers.domain.view.events import ViewEvent
from shared.eventstore.codec import EventCodec
from shared.projecting.canary import CanarySent

CODEC = EventCodec(
    [
        *get_args(CustomerEvent),
        *get_args(ErasureEvent),
        *get_args(FieldEvent),
        *get_args(ViewEvent),
        CanarySent,
    ]
)
