"""What a deployment's answers cost.

Knows numbers only; refuses to know where they are configured and who pays.
"""

from __future__ import annotations

from adapters.value import value


@value(frozen=True, slots=True, kw_only=True)
class Price:
    """In US dollars: of a token read, of a token written, of a second of the deployment's time."""

    input_token: float = 0.0
    output_token: float = 0.0
    second: float = 0.0

    def of(self, prompt: int, completion: int, seconds: float) -> float:
        """Give what a call has cost."""
        return prompt * self.input_token + completion * self.output_token + seconds * self.second
