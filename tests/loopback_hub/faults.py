"""What can go wrong between a client and the Hub, on demand."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .answers import Answer, json_answer


@dataclass
class Fault:
    """What happens to the requests that match, in place of what else would or on top of it.

    Args:
        method: HTTP method; "" for all of them.
        path: regular expression, searched for in the path.
        times: to how many requests it happens, the first that match; None for all.
        status: answered without a look at the request: 401, 403, 429, 500, 503 and so on.
        headers: of that answer, say `{"Retry-After": "1"}`.
        drop_received: the connection is closed after so many bytes of the request's body, if it has more. Nothing
            is done then.
        drop_sent: the connection is closed after so many bytes of the answer's body, if it has more; with 0 without
            any answer. What was asked for has been done then.
        delay: seconds before the answer.
        act: called before the answer, say to have somebody else commit in between.
    """

    method: str
    path: str
    times: int | None = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drop_received: int | None = None
    drop_sent: int | None = None
    delay: float = 0.0
    act: Callable[[], object] | None = None

    def answer(self) -> Answer:
        return json_answer(
            {"error": f"Fault {self.status}"}, self.status, {"X-Error-Message": f"Fault {self.status}"} | self.headers
        )


class Faults:
    """The faults that are due, in the order in which they were asked for."""

    def __init__(self):
        self._due: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._due.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._due.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that such a request meets, counted as having happened."""
        with self._lock:
            for fault in self._due:
                if fault.method in ("", method) and re.search(fault.path, path):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times == 0:
                            self._due.remove(fault)
                    return fault
        return None
