/** Interpreters that are not what Portside needs. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { CHECKOUT, PYTHON } from "../../../scripts/environment.mjs";

/** Answers as a Python of this version would when it is asked what it is. */
export function pretendedPython(folder, version) {
  const file = path.join(folder, "python3");
  const answer = JSON.stringify({ path: file, version, portside: null });
  writeFileSync(file, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  return file;
}

/** A virtual environment with this checkout's Portside, which says that it is another version. */
export function environmentWithPortside(folder, version) {
  execFileSync(PYTHON, ["-m", "venv", "--without-pip", folder]);
  const ask = (python, name) =>
    String(execFileSync(python, ["-c", `import sysconfig; print(sysconfig.get_path("${name}"))`])).trim();
  const python = path.join(folder, "bin/python");
  const lines = [
    ask(PYTHON, "purelib"),
    path.join(CHECKOUT, "server"),
    `import portside; portside.__version__ = "${version}"`,
  ];
  writeFileSync(path.join(ask(python, "purelib"), "portside.pth"), `${lines.join("\n")}\n`);
  return python;
}

/** A Python for which the disk is full: what it writes goes to a device that has no room. */
export function pythonWithoutRoom(folder) {
  const file = path.join(folder, "full-python3");
  const answer = JSON.stringify({ path: file, version: [3, 12], portside: null });
  const write = `print("a file of the environment", file=open("/dev/full", "w"), flush=True)`;
  const lines = [
    "#!/bin/sh",
    'case "$*" in',
    `  *venv*) exec "${PYTHON}" -c '${write}' ;;`,
    `  *) echo '${answer}' ;;`,
    "esac",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o755 });
  return file;
}
