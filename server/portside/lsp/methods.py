"""The methods that Portside adds to the protocol; editor-client/src/methods.ts names the same.

LAUNCH_TARGETS, request: `{uri?: string, folder?: string}` (both URIs) -> a list of
`{name, kind: "app"|"factory"|"script", target, path, line, host, port, appDir, cwd}`, line from 1:
what the folder that holds them can serve. name: of the server in the settings that starts it, or
null. Reads files, imports nothing.
"""

LAUNCH_TARGETS = "portside/launchTargets"
