# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m demo`: bring up a cluster, migrate it three times under load, check everything, take it down."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from demo.show import Show
from sandbox.errors import SandboxError


def main() -> int:
    """Exit code 0 when everything was as declared, 1 when something was not, 130 when interrupted."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    show = Show(keep=bool(os.environ.get("KEEP")))
    try:
        outcome = show.run()
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)  # noqa: T201
        return 130
    except SandboxError as error:
        print(f"demo: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        show.close()
    print(outcome)  # noqa: T201
    return 0 if outcome.right else 1


if __name__ == "__main__":
    sys.exit(main())
