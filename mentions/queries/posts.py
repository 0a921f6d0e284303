"""Guarded access to posts."""

from uuid import UUID

from agency.actor import Actor
from agency.errors import NotFound
from agency.rights import Right
from mentions.models import Post


def get_post(post_id: UUID, *, by: Actor) -> Post:
    """One post with its author and source.

    Raises:
        NotFound: absent or foreign.
    """
    by.require(Right.READ)
    # The source by a query of its own, which finds none of another client for who works for some only.
    posts = Post.objects.select_related("author").prefetch_related("source")
    post: Post | None = posts.filter(pk=post_id).first()
    if post is None:
        raise NotFound
    return post
