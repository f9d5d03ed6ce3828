"""What clients do: most take their answer, three in ten leave, some meet a faulty container.

Knows the kinds of visits and their shares; refuses to know connections and clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.cells import Cell
from benchmarks.connection import Answer
from benchmarks.questions import Question, WrongAnswer

_OK: Final = 200
_END: Final = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One kind of visit.

    Args:
        name: In messages.
        share: Of all visits.
        endpoint: The runtime's.
        stream: Whether a stream is asked for.
        leaves: Seconds, least and most, after which the client closes its connection; None stays.
        fails: Whether the answer must tell a failure, as its status or as a stream without its end.
    """

    name: str
    share: float
    endpoint: str = "chat"
    stream: bool = False
    leaves: tuple[float, float] | None = None
    fails: bool = False

    @property
    def cell(self) -> Cell:
        """Give what is asked, as targets want to be told."""
        return Cell(name=self.name, clients=1, endpoint=self.endpoint, stream=self.stream)

    def check(self, answer: Answer, question: Question) -> None:
        """Check an answer that was waited for.

        Raises:
            WrongAnswer: it is not exactly the container's; or no failure where one must be.
        """
        if not self.fails:
            question.check(answer)
        elif answer.status == _OK and (not self.stream or answer.body.endswith(_END)):
            raise WrongAnswer(f"{self.name}: no failure, but {answer.body[-300:]!r}")


PLAIN: Final = Visit(name="whole answer", share=0.30)
VISITS: Final = (
    PLAIN,
    Visit(name="stream", share=0.15, stream=True),
    Visit(name="paced stream", share=0.10, endpoint="chat-paced", stream=True),
    Visit(name="slow answer", share=0.05, endpoint="slow"),
    Visit(name="error", share=0.05, endpoint="failing", fails=True),
    Visit(name="broken stream", share=0.05, endpoint="broken", stream=True, fails=True),
    Visit(name="left unanswered", share=0.05, endpoint="slow", leaves=(0.0, 0.5)),
    Visit(name="left before", share=0.05, endpoint="slow", stream=True, leaves=(0.0, 0.5)),
    Visit(name="left early", share=0.05, stream=True, leaves=(0.0, 0.01)),
    Visit(name="left midway", share=0.15, endpoint="chat-paced", stream=True, leaves=(0.1, 1.0)),
)
