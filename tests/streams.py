"""Strategies for bytes that arrive in any slices."""

from itertools import pairwise

from hypothesis import strategies as st


@st.composite
def sliced(draw: st.DrawFn, data: st.SearchStrategy[bytes]) -> list[bytes]:
    """Cut drawn bytes at drawn places."""
    whole = draw(data)
    cuts = draw(st.lists(st.integers(0, len(whole)), max_size=8))
    places = sorted({0, *cuts, len(whole)})
    return [whole[start:end] for start, end in pairwise(places)]
