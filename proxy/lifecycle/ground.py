"""What workers are forked from: a process that has imported what they need, and begun nothing.

Imported there, and nowhere else. A worker made of it starts in a fourth of the time that one takes
that imports everything itself, and shares the memory of what is imported with all others.
"""

from __future__ import annotations

import gc
import signal

from proxy.garbage import unlooked_for
from proxy.unbuilt import built_when_used

with unlooked_for():
    import proxy.deployments

    with built_when_used():
        import proxy.lifecycle.worker
        import proxy.serve  # noqa: F401 - all three are imported only to be there

gc.freeze()  # a look at what is shared would copy it
# A signal for the whole group, such as systemd's, is for those who serve: they end by themselves,
# and only this process can tell how. It ends with the supervisor.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
