"""Runs a program at a pseudo-terminal and types when it has asked. One JSON request on standard input:
{"argv": [...], "env": {...}, "cwd": "...", "columns": 80, "lines": 24, "steps": [["what it shows", "what is typed"], ...]}
A step that types `gone` closes the terminal. Answers {"code": N, "shown": "..."}; a text that never came ends it with {"missed": "..."} beside what was shown."""

import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import fcntl

PATIENCE = 60


def plain(data):
    text = data.decode("utf8", "replace")
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()=>].?|\r", "", text)


def main():
    request = json.load(sys.stdin)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(request["cwd"])
        os.execve(request["argv"][0], request["argv"], request["env"])
    size = struct.pack("HHHH", request["lines"], request["columns"], 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
    shown = b""
    seen = 0

    def read(seconds):
        nonlocal shown
        if not select.select([terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return False
        shown += data
        return data != b""

    for wanted, typed in request["steps"]:
        end = time.monotonic() + PATIENCE
        while wanted not in plain(shown[seen:]):
            if time.monotonic() > end or not read(0.1):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                print(json.dumps({"missed": wanted, "code": None, "shown": plain(shown)}))
                return
        # What is drawn with the question has come, and its keys are listened to.
        while select.select([terminal], [], [], 0.3)[0] and read(0):
            pass
        seen = len(shown)
        if typed == "gone":
            os.close(terminal)
            terminal = None
            break
        os.write(terminal, typed.encode())
    end = time.monotonic() + PATIENCE
    while terminal is not None and time.monotonic() < end and read(0.5):
        pass
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"code": os.waitstatus_to_exitcode(status), "shown": plain(shown)}))


main()
