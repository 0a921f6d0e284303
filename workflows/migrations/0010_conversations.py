"""A mention may be answered by the client itself."""

from django.db import migrations, models

MOVES = [
    ("claim", "Claim"),
    ("release", "Give back to the queue"),
    ("submit", "Ask the client"),
    ("request_changes", "Ask for a change"),
    ("recall", "Take back from the client"),
    ("approve", "Approve"),
    ("clear", "Approve without asking"),
    ("revise", "Revise"),
    ("respond", "Mark as responded"),
    ("answer", "The client answered it"),
    ("dismiss", "Dismiss"),
    ("reopen", "Reopen"),
]


class Migration(migrations.Migration):
    dependencies = [("mentions", "0006_conversations"), ("workflows", "0009_excuses")]

    operations = [migrations.AlterField("transition", "move", models.CharField(choices=MOVES, max_length=16))]
