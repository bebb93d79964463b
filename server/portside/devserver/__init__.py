"""The dev server: holds a port, runs an app on it in the user's interpreter, reloads it, leaves nothing.

machine.py     what follows from what: a pure function
runner.py      the loop around it
ports.py       claiming an address; holders.py who else has it; conflict.py what then
processes.py   guardian, keepers and workers, seen from here (inside/ has the other side)
watch.py       what was saved; ignored.py what never counts
responder.py   answers while nothing else can; prober.py asks whether the app does
terminal.py    the user's terminal for the worker; console.py what is said
transcripts.py what workers printed last, to explain their end
registry.py    records of running servers; plan.py, interpreter.py what is run, by whom
"""
