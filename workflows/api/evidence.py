"""The evidence pack."""

from typing import Any
from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from agency import clock
from agency.api.schema import operation
from agency.api.views import ApiView
from agency.rights import Right
from workflows.actions.evidence import pack_name, take_evidence


class EvidenceViews(ApiView):
    rights = {"create": Right.AUDIT}

    @operation(
        "take_evidence",
        "Everything that was known of a mention and done with it, as one file",
        gives=OpenApiResponse(
            OpenApiTypes.BINARY, description="A ZIP file; its README.txt says how to check it."
        ),
        status=(200, "application/zip"),
        description="A POST, because that it was taken is noted in the activity log.",
    )
    def create(self, request: Request, mention_id: UUID) -> Any:
        file = take_evidence(mention_id, by=self.actor, now=clock.now())
        return FileResponse(
            file, as_attachment=True, filename=pack_name(mention_id), content_type="application/zip"
        )
