"""A post's text without what no reader reads: markup, addresses, handles. Bounded, for what is dear by the character."""

import html
import re

# What is read of a post: its mood and language are clear by then.
LONGEST = 1000
# Taken before anything is replaced, so that a huge text costs no more than this.
LOOKED_AT = 4 * LONGEST
# vaderSentiment takes the square of the number of pictographs: a thousand of them are a second.
MOST_PICTOGRAPHS = 30

_NOISE = re.compile(
    r"</?[a-zA-Z!][^<>]{0,500}>"  # markup
    r"|\b(?:https?://|www\.)\S+|\S{1,64}@\S{1,255}"  # addresses
    r"|(?<!\w)[@#](?=\w)"  # the mark of a handle or a hashtag, whose word says something
)
_HANDLE = re.compile(r"(?<!\w)@[\w.]{1,100}(?:@[\w.-]{1,255})?")
_PICTOGRAPH = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]")


def bare(text: str) -> str:
    """At most `LONGEST` characters of what somebody said, on one line."""
    said = html.unescape(text[:LOOKED_AT])
    said = _NOISE.sub(" ", _HANDLE.sub(" ", said))
    said = " ".join(said.split())[:LONGEST]
    return _few_pictographs(said)


def _few_pictographs(text: str) -> str:
    places = [found.start() for found in _PICTOGRAPH.finditer(text)]
    if len(places) <= MOST_PICTOGRAPHS:
        return text
    cut = places[MOST_PICTOGRAPHS]
    return text[:cut] + _PICTOGRAPH.sub("", text[cut:])
