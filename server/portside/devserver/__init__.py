"""The dev server: holds a port, runs an app on it in the user's interpreter, reloads it, leaves nothing.

machine.py     what follows from what: a pure function
runner.py      the loop around it
loading.py     how far a start is; meter.py who follows it; estimates.py what earlier ones took
screen.py      the terminal shared with the worker; folding.py what of its log is noise
ports.py       claiming an address; holders.py who else has it; conflict.py what then
processes.py   guardian, keepers and workers, seen from here (inside/ has the other side)
watch.py       what was saved; ignored.py what never counts
responder.py   answers while nothing else can; prober.py asks whether the app does
terminal.py    the user's terminal for the worker; console.py what is said
transcripts.py what workers printed last, to explain their end
output.py      what workers print: to the user, and into runlog.py; log_reader.py reads that again
registry.py    records of running servers; registration.py ours: presence.py keeps it, control.py takes orders
identity.py    a process without doubt; tree.py what is proved to be of a run; runs.py whose a process is
orphans.py     what dead servers left; sweeping.py ends it at the start; gpu.py who holds GPU memory
servers.py     all servers of the user, for `ps`; server_stop.py for `stop`
plan.py        interpreter.py: what is run, by whom
"""
