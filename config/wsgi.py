"""The door that pages and the API are served through."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.guard import refuse_to_serve_unsafely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
refuse_to_serve_unsafely()
# All that stays is loaded by now, the addresses included, and isn't looked through again each time that Python looks for
# garbage: that would take a sixth of the time of a call.
get_resolver()._populate()  # noqa: SLF001
gc.collect()
gc.freeze()
