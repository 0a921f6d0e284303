from mentions.models.author import Author
from mentions.models.mention import Mention
from mentions.models.post import Post
from mentions.models.source import Source, SourceRead

__all__ = ["Author", "Mention", "Post", "Source", "SourceRead"]
