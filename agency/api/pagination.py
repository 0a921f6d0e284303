"""Cursor pagination for lists: `?cursor=…&limit=…` → {"results": […], "next": url or null}."""

from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from agency.errors import Invalid
from agency.queries.paging import keyset

DEFAULT_LIMIT, MOST = 50, 200


def read_limit(request: Request) -> int:
    """Raises: Invalid, unless `limit` is absent or 1 to 200."""
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise Invalid.field("limit", f"limit must be a whole number from 1 to {MOST}.")
    return int(text)


class Keyset(BasePagination):
    """Order comes from the view: `keyset_by` (a field, "-" before it for descending) and `keyset_kind`."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        page = keyset(
            queryset,
            by=getattr(view, "keyset_by", "id"),
            kind=getattr(view, "keyset_kind", "u"),
            cursor=request.query_params.get("cursor"),
            limit=read_limit(request),
        )
        self._next = (
            replace_query_param(request.build_absolute_uri(), "cursor", page.next) if page.next else None
        )
        return page.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The following page.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "From `next` of the page before.",
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST,
                    "default": DEFAULT_LIMIT,
                },
                "description": "Rows a page.",
            },
        ]
