"""The routes of a built-in container: `/invocations`, and for some OpenAI's chat route."""

from emulator.containers import openai_body
from emulator.containers.base import CHAT, Answer, Behaviour, Complaint, ContainerRequest
from emulator.endpoints import Endpoint, LmiEndpoint, MessagesEndpoint, TgiEndpoint


class Routed:
    """Lets a behaviour answer on the routes that it has.

    Attributes:
        behaviour: Answers on `/invocations`.
        chats: Whether it answers on the chat route too.
    """

    def __init__(self, behaviour: Behaviour, *, chats: bool) -> None:
        self._behaviour = behaviour
        self._chats = chats

    def answer(self, request: ContainerRequest) -> Answer:
        """Answers as the behaviour does.

        Raises:
            Complaint: There is no such route, or the body is no chat.
        """
        if request.route == CHAT:
            if not self._chats:
                raise Complaint(404, {"detail": "Not Found"})
            if "messages" not in openai_body.read(request.body):
                openai_body.misfit("missing", "messages", "Field required")
        return self._behaviour.answer(request)


def chats(endpoint: Endpoint) -> bool:
    """Whether an endpoint's built-in container has OpenAI's chat route."""
    if isinstance(endpoint, TgiEndpoint):
        return endpoint.flavour != "inputs"
    return isinstance(endpoint, LmiEndpoint | MessagesEndpoint)
