"""The words of mentions, and the one function that searches them.

PostgreSQL can't use the vectors' index under a policy (`@@` is not leakproof), so the function runs as the owner, whom
no policy binds, and keeps to the agency by itself: by its word in the index, and by the rows' own column.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

# The plan is made for the values that are asked: a rare word is found by the index, a common one among the newest.
# A null filter is a constant then, and costs nothing.
CREATE = """
CREATE FUNCTION mentions_search(
    query tsquery, clients uuid[], states text[], priority text, assignee uuid, source uuid,
    before timestamptz, before_id uuid, most integer
) RETURNS TABLE (mention_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    mine CONSTANT uuid := nullif(current_setting('app.agency_id', true), '')::uuid;
    bound CONSTANT integer := least(greatest(most, 0), 1000);
    filtered CONSTANT boolean := num_nonnulls(states, priority, assignee, source) > 0;
    open_only CONSTANT boolean := coalesce(NOT states && '{responded,dismissed}', false);
    wanted tsquery;
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
    IF NOT filtered THEN
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
    RETURN QUERY
    SELECT e.mention_id
      FROM public.mentions_searchentry e
      JOIN public.mentions_mention m ON m.agency_id = e.agency_id AND m.id = e.mention_id
     WHERE e.agency_id = mine AND m.agency_id = mine AND e.vector @@ wanted
       AND (clients IS NULL OR e.client_id = ANY (clients))
       AND (before IS NULL OR (e.recorded_at, e.mention_id) < (before, before_id))
       AND (states IS NULL OR m.state = ANY (states))
       -- In the words of the open mentions' own index.
       AND (NOT open_only OR NOT m.state IN ('responded', 'dismissed'))
       AND ($4 IS NULL OR m.priority = $4)
       AND (assignee IS NULL OR m.assignee_id = assignee)
       AND (source IS NULL OR EXISTS (
           SELECT FROM public.mentions_post p WHERE p.agency_id = mine AND p.id = m.post_id AND p.source_id = source
       ))
     ORDER BY e.recorded_at DESC, e.mention_id DESC
     LIMIT bound;
END $$;

REVOKE ALL ON FUNCTION mentions_search FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mentions_search TO earshot_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agency", "0001_initial"),
        ("mentions", "0002_state_trigger"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("recorded_at", models.DateTimeField()),
                ("vector", django.contrib.postgres.search.SearchVectorField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        default=agency.tenancy.current_agency,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agency.agency",
                    ),
                ),
                (
                    "mention",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mentions.mention",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["vector"], name="search_words"
                    ),
                    models.Index(fields=["agency", "-recorded_at", "-mention"], name="search_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("agency", "mention"), name="mention_is_searched_once"),
                    agency.tenancy.RowSecurity(name="mentions_searchentry_of_one_agency"),
                    agency.tenancy.SameAgency(
                        field="mention", name="mentions_searchentry_mention_same_agency"
                    ),
                ],
            },
        ),
        migrations.RunSQL(CREATE, "DROP FUNCTION mentions_search;"),
    ]
