"""What was sent to whom about one mention, and about all that hangs on it."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.notices import NoticeOutput
from agency.api.schema import operation
from agency.api.serializers import PageFilters
from agency.api.views import ApiView
from agency.queries.notices import NoticeFilters, list_notices
from agency.rights import Right
from mentions.queries.mentions import get_mention
from workflows.queries.report import told_about


class MentionNoticeViews(ApiView):
    rights = {"list": Right.MANAGE}
    filters = {"list": PageFilters}

    @operation(
        "list_mention_notices",
        "What was sent to whom about a mention, newest first, with each attempt",
        gives=NoticeOutput(many=True),
        description="Also about its requests to the client, their decisions, and its escalations.",
    )
    def list(self, request: Request, mention_id: UUID) -> Response:
        subjects = told_about(get_mention(mention_id, by=self.actor))
        rows = list_notices(by=self.actor, filters=NoticeFilters(subjects=subjects))
        return self.page(rows, NoticeOutput, by="-created_at", kind="t")
