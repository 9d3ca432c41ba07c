"""What a stretch of work takes of this process: processor time and main memory."""

import contextlib
import threading

import psutil

_LOOK_EVERY = 0.05  # seconds between two looks at the memory


class Watch:
    """Looks on from entering to leaving.

    Attributes:
        cpu_seconds: that all threads of this process computed, whatever they worked for.
        peak_mb: the most main memory (10^6 bytes) that the process held; what it held before is in it.
    """

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        self.peak_mb = 0.0
        self._process = psutil.Process()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)

    def __enter__(self) -> "Watch":
        self._begun = self._cpu()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_seconds = self._cpu() - self._begun
        self._over.set()
        self._thread.join()

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def _look(self) -> None:
        with contextlib.suppress(psutil.Error):
            while True:
                self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 1e6)
                if self._over.wait(_LOOK_EVERY):
                    return
