"""Damaged copies of files, and arbitrary JSON."""

from hypothesis import strategies as st

Damage = list[tuple[str, float, int, bytes]]
damages: st.SearchStrategy[Damage] = st.lists(
    st.tuples(
        st.sampled_from(["flip", "flip", "flip", "overwrite", "splice", "cut", "add", "truncate"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 7),
        st.binary(min_size=1, max_size=8) | st.sampled_from([b"\0" * 64, b"\xff" * 4]),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: Damage, other: bytes) -> bytes:
    """Apply a list of damages: kind, position as a share of the length, bit and bytes."""
    for kind, share, bit, new in damage:
        start = int(share * len(content))
        end = start + len(new)
        before, old, after = content[:start], content[start:end], content[end:]
        content = {
            "flip": before + bytes([b ^ 1 << bit for b in old[:1]]) + old[1:] + after,
            "overwrite": before + new[: len(old)] + after,
            "splice": before + other[start:end] + after,
            "cut": before + after,
            "add": before + new + old + after,
            "truncate": before,
        }[kind]
    return content


texts = st.text(max_size=3)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
