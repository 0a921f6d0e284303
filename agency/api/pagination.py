"""Cursor pagination for lists: `?cursor=…&limit=…` → {"results": […], "next": url or null}.

The rows come from `agency.queries.paging.keyset`; here is the shape of the answer.
"""

from typing import Any
from urllib.parse import quote

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

DEFAULT_LIMIT, MOST = 50, 200


def paged(request: Request, rows: list[Any], *, following: str | None, name: str = "cursor") -> Response:
    """An answer with a page's rows, and the address of the following page.

    Args:
        following: what the query parameter `name` is on the following page; None on the last.
    """
    return Response({"results": rows, "next": _address(request, name, following) if following else None})


def _address(request: Request, name: str, value: str) -> str:
    """The request's own, with this parameter."""
    kept = [
        part for part in request.META.get("QUERY_STRING", "").split("&") if part.partition("=")[0] != name
    ]
    asked = "&".join([part for part in kept if part] + [f"{name}={quote(value, safe='')}"])
    return f"{request.scheme}://{request.get_host()}{quote(request.path)}?{asked}"


class Keyset(BasePagination):
    """Tells the schema how a list's answer looks."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The following page; null on the last.",
                    "example": None,
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []  # each list's own filters name them
