"""benchmarks/load.py tells an answer to another visitor, and one that does not come, from the right one."""

import asyncio
import json
import sys

import httpx
from serving import ROOT

sys.path.append(str(ROOT / "benchmarks"))
from load import make_visitors, visit  # noqa: E402


def outcome(visitor, answer) -> tuple[int, int, int]:
    """How often the visitor was answered, wrongly answered and not answered by a server that does as `answer`."""

    async def ask():
        transport = httpx.MockTransport(lambda request: answer(json.loads(request.content)["data"]["strokes"]))
        async with httpx.AsyncClient(base_url="http://app", transport=transport) as client:
            await visit(client, 1, visitor, every=0.02, seconds=0.05)

    visitor.seconds, visitor.wrong, visitor.errors = [], 0, 0
    asyncio.run(ask())
    return len(visitor.seconds), visitor.wrong, visitor.errors


def test_only_the_visitors_own_answer_is_right():
    one, other = make_visitors(12)[1::10]
    drawn = json.loads(json.dumps(other.strokes))
    assert one.expected["label"] == other.expected["label"] and one.expected != other.expected

    def right(strokes):
        assert strokes == drawn
        return httpx.Response(200, json={"details": [other.expected]})

    answered, wrong, errors = outcome(other, right)
    assert answered > 0 and wrong == errors == 0
    for details in ([one.expected], [], [other.expected, one.expected]):
        answered, wrong, errors = outcome(
            other, lambda _, details=details: httpx.Response(200, json={"details": details})
        )
        assert answered == wrong > 0 and errors == 0
    answered, wrong, errors = outcome(other, lambda _: httpx.Response(500))
    assert answered == wrong == 0 and errors > 0
