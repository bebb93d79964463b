"""`portside debug-adapter`: one debug session over all generations of a dev server.

    editor ◄─ stdio, DAP ─► session ─┬─ unix socket ─► portside serve ─► worker 1, worker 2, …
                                     │                                      │ debugpy.connect
                                     ├─ stdio, DAP ─► debugpy's adapter 1 ◄─┤
                                     └─ stdio, DAP ─► debugpy's adapter 2 ◄─┘  (a relay in between)

debugpy's own adapter serves one process, and its session ends with it. A dev server has a new
process after each reload: so each generation gets an adapter of its own, is given the breakpoints
before it imports anything of the user's, and the editor sees one session that goes on.
"""
