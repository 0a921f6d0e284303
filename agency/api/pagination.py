"""Cursor pagination for lists: `?cursor=…&limit=…` → {"results": […], "next": url or null}.

The rows come from `agency.queries.paging.keyset`; here is the shape of the answer.
"""

from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

DEFAULT_LIMIT, MOST = 50, 200


def paged(request: Request, rows: list[Any], *, following: str | None, name: str = "cursor") -> Response:
    """An answer with a page's rows, and the address of the following page.

    Args:
        following: what the query parameter `name` is on the following page; None on the last.
    """
    address = request.build_absolute_uri()
    return Response(
        {"results": rows, "next": replace_query_param(address, name, following) if following else None}
    )


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
