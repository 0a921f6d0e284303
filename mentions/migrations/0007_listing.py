"""What lists are filtered by: whose turn it is, the language and mood of posts, and all of that together with words.

Posts that are there already are described by an alarm of each agency, a batch at a time.
"""

from importlib import import_module

from django.db import migrations, models

SENTIMENTS = [
    ("positive", "Positive"),
    ("neutral", "Neutral"),
    ("negative", "Negative"),
    ("unknown", "Unknown"),
]
TURNS = [("agency", "The agency"), ("client", "The client"), ("platform", "The platform")]
OPEN = models.Q(("state__in", ("responded", "dismissed")), _negated=True)

DESCRIBE = """
INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
SELECT gen_random_uuid(), agency.id, 'posts.describe', agency.id, now(), 0, ''
  FROM agency_agency AS agency
 WHERE EXISTS (SELECT FROM mentions_post AS post WHERE post.agency_id = agency.id)
ON CONFLICT (agency_id, kind, subject_id) DO NOTHING
"""
LEAVE = "DELETE FROM agency_alarm WHERE kind = 'posts.describe'"

# As before, with every filter that a list has. What isn't asked is null, a constant to the plan, and costs nothing.
SEARCH = """
CREATE FUNCTION mentions_search(
    query tsquery, clients uuid[], asked jsonb, before timestamptz, before_id uuid, most integer
) RETURNS TABLE (mention_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    mine CONSTANT uuid := nullif(current_setting('app.agency_id', true), '')::uuid;
    bound CONSTANT integer := least(greatest(most, 0), 1000);
    wanted tsquery;
    states text[]; priorities text[]; turns text[]; sentiments text[]; languages text[]; platforms text[];
    assignees uuid[]; nobody boolean; sources uuid[]; seen_clients uuid[]; authors uuid[];
    is_breached boolean; is_late boolean; is_overdue boolean; at_now timestamptz;
    published_since timestamptz; published_until timestamptz; recorded_since timestamptz; recorded_until timestamptz;
    responded_since timestamptz; responded_until timestamptz; due_since timestamptz; due_until timestamptz;
    open_only boolean; by_post boolean;
BEGIN
    IF mine IS NULL OR query IS NULL OR numnode(query) = 0 OR cardinality(clients) = 0 THEN
        RETURN;
    END IF;
    wanted := format('''@a%s''', replace(mine::text, '-', ''))::tsquery && query;
    IF clients IS NOT NULL THEN
        wanted := wanted && (
            SELECT string_agg(format('''@c%s''', replace(client::text, '-', '')), ' | ')::tsquery
              FROM unnest(clients) AS client
        );
    END IF;
    IF asked IS NULL OR asked = '{}' THEN
        RETURN QUERY
        SELECT e.mention_id
          FROM public.mentions_searchentry e
         WHERE e.agency_id = mine AND e.vector @@ wanted
           AND (clients IS NULL OR e.client_id = ANY (clients))
           AND (before IS NULL OR (e.recorded_at, e.mention_id) < (before, before_id))
         ORDER BY e.recorded_at DESC, e.mention_id DESC
         LIMIT bound;
        RETURN;
    END IF;
    SELECT w.states, w.priorities, w.turns, w.sentiments, w.languages, w.platforms,
           w.assignees, w.nobody, w.sources, w.seen_clients, w.authors,
           w.breached, w.late_found, w.overdue, w.now,
           w.published_since, w.published_until, w.recorded_since, w.recorded_until,
           w.responded_since, w.responded_until, w.due_since, w.due_until
      INTO states, priorities, turns, sentiments, languages, platforms,
           assignees, nobody, sources, seen_clients, authors,
           is_breached, is_late, is_overdue, at_now,
           published_since, published_until, recorded_since, recorded_until,
           responded_since, responded_until, due_since, due_until
      FROM jsonb_to_record(asked) AS w (
           states text[], priorities text[], turns text[], sentiments text[], languages text[], platforms text[],
           assignees uuid[], nobody boolean, sources uuid[], seen_clients uuid[], authors uuid[],
           breached boolean, late_found boolean, overdue boolean, now timestamptz,
           published_since timestamptz, published_until timestamptz,
           recorded_since timestamptz, recorded_until timestamptz,
           responded_since timestamptz, responded_until timestamptz, due_since timestamptz, due_until timestamptz
      );
    open_only := coalesce(NOT states && '{responded,dismissed}', false) OR turns IS NOT NULL
                 OR coalesce(is_overdue, false);
    by_post := num_nonnulls(sources, authors, sentiments, languages, platforms) > 0;
    RETURN QUERY
    SELECT e.mention_id
      FROM public.mentions_searchentry e
      JOIN public.mentions_mention m ON m.agency_id = e.agency_id AND m.id = e.mention_id
     WHERE e.agency_id = mine AND m.agency_id = mine AND e.vector @@ wanted
       AND (clients IS NULL OR e.client_id = ANY (clients))
       AND (before IS NULL OR (e.recorded_at, e.mention_id) < (before, before_id))
       AND (states IS NULL OR m.state = ANY (states))
       -- In the words of the open mentions' own indexes.
       AND (NOT open_only OR NOT m.state IN ('responded', 'dismissed'))
       AND (priorities IS NULL OR m.priority = ANY (priorities))
       AND (turns IS NULL OR m.turn = ANY (turns))
       AND (num_nonnulls(assignees, nobody) = 0 OR m.assignee_id = ANY (assignees)
            OR (coalesce(nobody, false) AND m.assignee_id IS NULL))
       AND (is_breached IS NULL OR m.breached = is_breached)
       AND (is_late IS NULL OR m.late_found = is_late)
       AND (is_overdue IS NULL
            OR (NOT m.state IN ('responded', 'dismissed') AND m.urgency_at < at_now) = is_overdue)
       AND (published_since IS NULL OR m.published_at >= published_since)
       AND (published_until IS NULL OR m.published_at < published_until)
       AND (recorded_since IS NULL OR e.recorded_at >= recorded_since)
       AND (recorded_until IS NULL OR e.recorded_at < recorded_until)
       AND (responded_since IS NULL OR m.responded_at >= responded_since)
       AND (responded_until IS NULL OR m.responded_at < responded_until)
       AND (due_since IS NULL OR m.due_at >= due_since)
       AND (due_until IS NULL OR m.due_at < due_until)
       AND (NOT by_post OR EXISTS (
           SELECT FROM public.mentions_post p
            WHERE p.agency_id = mine AND p.id = m.post_id
              AND (authors IS NULL OR p.author_id = ANY (authors))
              AND (platforms IS NULL OR p.platform = ANY (platforms))
              AND (languages IS NULL OR lower(split_part(p.language, '-', 1)) = ANY (languages))
              AND (sentiments IS NULL
                   OR coalesce(nullif(m.corrected_sentiment, ''), nullif(p.sentiment, ''), 'unknown')
                      = ANY (sentiments))
              AND (sources IS NULL OR p.source_id IN (
                  SELECT s.id FROM public.mentions_source s
                   WHERE s.agency_id = mine AND s.id = ANY (sources)
                     AND (seen_clients IS NULL OR s.client_id IS NULL OR s.client_id = ANY (seen_clients))
              ))
       ))
     ORDER BY e.recorded_at DESC, e.mention_id DESC
     LIMIT bound;
END $$;

REVOKE ALL ON FUNCTION mentions_search FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mentions_search TO earshot_app;
"""
DROP = "DROP FUNCTION mentions_search;"
BEFORE = import_module("mentions.migrations.0003_search").CREATE


class Migration(migrations.Migration):
    dependencies = [("mentions", "0006_conversations")]

    operations = [
        migrations.AddField(
            "mention",
            "corrected_sentiment",
            models.CharField(blank=True, choices=SENTIMENTS, default="", max_length=8),
        ),
        migrations.AddField(
            "mention", "turn", models.CharField(choices=TURNS, default="agency", max_length=8)
        ),
        migrations.AddField("post", "language_detected", models.BooleanField(default=False)),
        migrations.AddField(
            "post", "sentiment", models.CharField(blank=True, choices=SENTIMENTS, default="", max_length=8)
        ),
        migrations.AddField("post", "sentiment_score", models.SmallIntegerField(null=True)),
        migrations.AddIndex(
            "mention",
            models.Index(
                condition=OPEN,
                fields=["agency", "assignee", "urgency_at", "id"],
                name="mention_urgent_of_assignee",
            ),
        ),
        migrations.AddIndex(
            "mention",
            models.Index(fields=["agency", "-published_at", "-id"], name="mention_newest_published"),
        ),
        migrations.AddIndex(
            "mention",
            models.Index(fields=["agency", "client", "-recorded_at", "-id"], name="mention_newest_of_client"),
        ),
        migrations.RemoveIndex("mention", "mention_closed_of_client"),
        migrations.AddIndex(
            "post",
            models.Index(condition=models.Q(("sentiment", "")), fields=["agency", "id"], name="post_unread"),
        ),
        migrations.RunSQL(DROP + SEARCH, DROP + BEFORE),
        migrations.RunSQL(DESCRIBE, LEAVE),
    ]
