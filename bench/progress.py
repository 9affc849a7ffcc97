# SPDX-License-Identifier: MIT
"""One line of progress on standard error, with the time that is left."""

import sys
import time


class Progress:
    """Redraws one line on a terminal; elsewhere it prints a plain line now
    and then, so that a log stays readable."""

    EVERY_S = 15

    def __init__(self, stream=sys.stderr):
        self.stream = stream
        self.terminal = stream.isatty()
        self.printed = 0.0
        self.stage = ""

    def show(self, stage, detail="", left_s=None):
        now = time.monotonic()
        text = f"{stage}{': ' if detail else ''}{detail}"
        if left_s is not None:
            text += f", about {spoken(left_s)} left"
        if self.terminal:
            if now - self.printed < 0.1 and stage == self.stage:
                return
            self.stream.write(f"\r\033[K{text[:100]}")
        elif stage != self.stage or now - self.printed >= self.EVERY_S:
            self.stream.write(text + "\n")
        else:
            return
        self.stream.flush()
        self.stage, self.printed = stage, now

    def clear(self):
        if self.terminal:
            self.stream.write("\r\033[K")
            self.stream.flush()

    def say(self, text):
        """A line that stays."""
        self.clear()
        self.stream.write(text + "\n")
        self.stream.flush()


def spoken(seconds):
    """A time that is left, in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
