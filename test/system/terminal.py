"""Runs a program in a terminal of its own, 80 columns wide.

Its output goes to our stdout. Lines on our stdin: `int` types Ctrl-C, `close` closes the terminal as a window is
closed, `term` and `kill` send the signal. At its end stderr gets its exit code, 128 + n for a death by signal n.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

said = b""
watched = {terminal, 0}
while True:
    ready, _, _ = select.select(list(watched), [], [], 0.02)
    if terminal in ready:
        try:
            output = os.read(terminal, 65536)
            os.write(1, output)
        except OSError:
            watched.discard(terminal)
    if 0 in ready:
        more = os.read(0, 4096)
        if not more:
            watched.discard(0)
        *lines, said = (said + more).split(b"\n")
        for line in lines:
            if line == b"int":
                os.write(terminal, b"\x03")
            elif line == b"close":
                watched.discard(terminal)
                os.close(terminal)
            elif line == b"term":
                os.kill(pid, signal.SIGTERM)
            elif line == b"kill":
                os.kill(pid, signal.SIGKILL)
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        code = os.waitstatus_to_exitcode(status)
        print(code if code >= 0 else 128 - code, file=sys.stderr)
        break
