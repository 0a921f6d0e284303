"""The door that streams of events are served through."""

import os

from django import setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
setup()

from config.guard import refuse_to_serve_unsafely  # noqa: E402
from config.stream.app import Streams  # noqa: E402

application = Streams()
refuse_to_serve_unsafely()
