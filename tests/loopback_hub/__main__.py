"""Starts the loopback Hub: python tests/loopback_hub --port 8000"""

import argparse
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from loopback_hub import LoopbackHub  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description="A Hugging Face Hub on this machine, for tests.")
    parser.add_argument("--port", type=int, default=0, help="any free one by default")
    parser.add_argument("--user", default="you", help="name of the one account")
    arguments = parser.parse_args()
    hub = LoopbackHub(arguments.port)
    for name, value in hub.environment(hub.add_user(arguments.user)).items():
        print(f"export {name}={value}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        hub.stop()


if __name__ == "__main__":
    main()
