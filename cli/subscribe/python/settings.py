"""What this consumer reads, and where; the environment moves it elsewhere."""

import os
from pathlib import Path

NAME = "{{name}}"
VERSION = "0.1.0"

TOPIC = os.environ.get("DAYBOOK_TOPIC", "{{topic}}")
SOURCE = "{{source}}"
PARTITIONS = "{{partitions}}"

KAFKA = os.environ.get("DAYBOOK_KAFKA", "127.0.0.1:8192")
URL = os.environ.get("DAYBOOK_URL", "http://127.0.0.1:8101")
# The access token of your service account; read anew for every request, so that it may change.
TOKEN_FILE = Path(os.environ.get("DAYBOOK_TOKEN_FILE", "token"))
# Marks and tables; keep it where your backups are.
FOLDER = Path(os.environ.get("STATE_FOLDER", "state"))
