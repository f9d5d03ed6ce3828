"""LMI (DJL Serving) with dynamic (static) batch: LMI's request, answered without any details.

Its stream, lines of `{"outputs": ["..."]}`, has no mark of its end.
Source: https://docs.djl.ai/master/docs/serving/serving/docs/lmi/user_guides/lmi_input_output_schema.html
"""

from __future__ import annotations

from adapters.text.codec import text_format
from adapters.text.dialect import BASIC, Dialect

FORMAT = text_format(
    "lmi_static",
    Dialect(
        supported=BASIC | {"frequency_penalty", "presence_penalty", "seed"},
        stop_name="stop_sequences",
    ),
)
