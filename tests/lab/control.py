"""Lets the process that started a helper steer it: a line "VERB JSON" on standard input gets one line of JSON back.

The end of the input ends the helper, so that none outlives the test that started it.
"""

import json
import os
import signal
import sys
import threading


def steer(ready, verbs):
    """Prints "ready READY", then answers lines in the background. verbs: name -> function(value) -> value."""
    # Ctrl-C reaches the whole terminal; whoever started us decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(f"ready {ready}", flush=True)
    threading.Thread(target=_answer, args=(verbs,), daemon=True).start()


def _answer(verbs):
    for line in sys.stdin:
        verb, _, value = line.strip().partition(" ")
        print(json.dumps(verbs[verb](json.loads(value or "null"))), flush=True)
    os._exit(0)
