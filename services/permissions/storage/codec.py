"""Every event that this service writes, and the one codec that reads them all back."""

from shared.eventstore.codec import EventCodec
from shared.projecting.canary import CanarySent

CODEC = EventCodec([CanarySent])
