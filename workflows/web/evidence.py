"""The evidence pack, from a mention's page."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse

from agency.rights import Right
from agency.web.views import StaffPage
from workflows.actions.evidence import pack_name, take_evidence


class EvidencePack(StaffPage):
    """A POST, because that it was taken is noted."""

    right = Right.AUDIT
    nav = "inbox"

    def post(self, request: HttpRequest, mention_id: UUID) -> HttpResponse:
        file = take_evidence(mention_id, by=self.actor, now=self.now)
        return FileResponse(  # type: ignore[return-value]
            file, as_attachment=True, filename=pack_name(mention_id), content_type="application/zip"
        )
