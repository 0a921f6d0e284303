"""The door that pages and the API are served through."""

import os

from django.core.wsgi import get_wsgi_application

from config.guard import refuse_to_serve_unsafely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
refuse_to_serve_unsafely()
