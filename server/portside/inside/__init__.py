"""What runs in the *user's* interpreter: standard library only, Python 3.9 or newer, nothing of Portside.

boot.py      where each process begins
guardian.py  the parent of all; keeper.py one per worker, which leaves nothing behind
zygote.py    forks workers that have imported everything; recipe.py what that is, and in which order
worker.py    runs the app or the script; preload.py what a spare one may import beforehand
hook.py      has uvicorn take the held socket; serving.py what it does with it then
handover.py  open connections change hands; probe.py whether the app answers
channel.py   how all of them talk; descent.py who descends from whom; modules.py what is imported
"""
