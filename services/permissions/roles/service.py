"""What the permissions service is: its name, and what it writes."""

from typing import Final

from services.permissions import VERSION
from services.permissions.storage.codec import CODEC
from shared.messaging.topics import HEARTBEATS, PERMISSIONS
from shared.service.service import Service

SERVICE: Final = Service("permissions", VERSION, PERMISSIONS, CODEC, beats=HEARTBEATS)
