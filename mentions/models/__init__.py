from mentions.models.author import Author
from mentions.models.conversation import Message, OwnAccount, ThreadKey
from mentions.models.forgotten import ForgottenAuthor, PastMention
from mentions.models.mention import Mention
from mentions.models.post import Post
from mentions.models.search import SearchEntry
from mentions.models.source import Source, SourceRead
from mentions.models.tally import Tally

__all__ = [
    "Author",
    "ForgottenAuthor",
    "Mention",
    "Message",
    "OwnAccount",
    "PastMention",
    "Post",
    "SearchEntry",
    "Source",
    "SourceRead",
    "Tally",
    "ThreadKey",
]
