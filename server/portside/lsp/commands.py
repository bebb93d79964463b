"""Commands that the server itself carries out, for any editor.

TELL, one argument, a text: the server has the editor show it. Fixes that leave
something to do or to know (a command to start, files that still run the script)
bring it with them.
"""

TELL = "portside.tell"
