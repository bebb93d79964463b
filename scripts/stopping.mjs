// When to stop: what a demo does until someone ends it.

const SAME_SIGNAL_MS = 500;
const PARENT_CHECK_MS = 500;

/**
 * Call `stop` when a signal asks this process to end, and when npm, which started it, is gone.
 *
 * A Ctrl-C comes twice when npm runs this: from the terminal and from npm. That counts as one; a later
 * one is a person's second, and calls `stop` again.
 *
 * @param {() => void} stop
 */
export function whenAskedToStop(stop) {
  let last = Number.NEGATIVE_INFINITY;
  const once = () => {
    const now = performance.now();
    if (now - last > SAME_SIGNAL_MS) {
      last = now;
      stop();
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, once);
  }
  if (process.env.npm_lifecycle_event) {
    watchParent(once);
  }
}

/** npm passes on neither a SIGHUP nor, of course, a SIGKILL. */
function watchParent(stop) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      stop();
    }
  }, PARENT_CHECK_MS);
  timer.unref();
}
