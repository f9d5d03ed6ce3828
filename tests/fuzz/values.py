"""JSON values of every kind that a stranger may send, the nasty ones more often than by chance."""

from typing import Any

from hypothesis import strategies as st

#: What breaks careless code.
NASTY: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1e308,
    -0.0,
    10**12,
    2**63,
    -(2**63),
    2**64 - 1,
    "",
    "\x00",
    "\ud7ff\ue000￿",
    "{{ 7*7 }}",
    "{% raise %}",
    "../../etc/passwd",
    "a\r\nX-Injected: 1",
    "%s%n{0}{x}",
    "<|im_end|>",
    "x" * 5000,
    "١٢٣",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"type": "text"},
    {"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}},
    [{"type": "text", "text": None}],
    {"role": "user", "content": "x"},
    [{"role": "user"}],
]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=12)
)
ANYTHING: st.SearchStrategy[Any] = st.sampled_from(NASTY) | st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "role", "content", "name", "id", "x", ""]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
