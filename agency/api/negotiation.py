"""What an answer is written as: JSON, which is asked for in a few ways that need no looking into."""

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

_ANYTHING = frozenset({"", "*/*", "application/json", "application/json, */*"})


class JsonFirst(DefaultContentNegotiation):
    """DRF's own, which takes its time over each header and each format; most ask for what there is anyhow."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        accept = request.META.get("HTTP_ACCEPT", "")
        if format_suffix is None and accept in _ANYTHING and renderers[0].media_type == "application/json":
            return renderers[0], "application/json"
        return super().select_renderer(request, renderers, format_suffix)
