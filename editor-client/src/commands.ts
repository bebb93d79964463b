/** The commands behind the server's code lenses, which it is told of; their argument is a `LaunchTarget`. */
export const START_TARGET = "portside.startTarget";
export const DEBUG_TARGET = "portside.debugTarget";
