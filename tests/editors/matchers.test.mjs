/** The problem matchers of the manifest on what servers really print. Needs no editor. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { CHECKOUT } from "../../scripts/environment.mjs";

const { problemMatchers, problemPatterns } = JSON.parse(
  readFileSync(path.join(CHECKOUT, "package.json"), "utf8"),
).contributes;

const matcherOf = (name) => problemMatchers.find((matcher) => matcher.name === name);

/** What the matcher finds in a log: its patterns have to match line after line, as in VS Code. */
function problems(name, log) {
  const { pattern } = matcherOf(name);
  const named = typeof pattern === "string" && problemPatterns.find((each) => `$${each.name}` === pattern);
  const patterns = named ? named.patterns : [pattern].flat();
  const lines = log.split("\n");
  const found = [];
  for (let start = 0; start + patterns.length <= lines.length; start++) {
    const matches = patterns.map(({ regexp }, index) => new RegExp(regexp).exec(lines[start + index]));
    if (!matches.every(Boolean)) continue;
    const value = (key) => {
      const at = patterns.findIndex((each) => each[key] !== undefined);
      return at < 0 ? undefined : matches[at][patterns[at][key]];
    };
    found.push({ file: value("file"), line: value("line"), message: value("message") });
  }
  return found;
}

function background(name, line) {
  const { beginsPattern, endsPattern } = matcherOf(name).background;
  return { begins: new RegExp(beginsPattern).test(line), ends: new RegExp(endsPattern).test(line) };
}

const UVICORN = `INFO:     Started server process [11224]
INFO:     Waiting for application startup.
INFO:     Application startup complete.
ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8123): address already in use
INFO:     Waiting for application shutdown.`;

const VLLM = `(APIServer pid=20454) Traceback (most recent call last):
(APIServer pid=20454)   File "/v/lib/python3.11/site-packages/vllm/entrypoints/launchers/launcher.py", line 398, in setup_server
(APIServer pid=20454)     sock = create_server_socket(sock_addr, reuse_port=reuse_port)
(APIServer pid=20454)            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
(APIServer pid=20454)   File "/v/lib/python3.11/site-packages/vllm/entrypoints/launchers/launcher.py", line 348, in create_server_socket
(APIServer pid=20454)     sock.bind(addr)
(APIServer pid=20454) OSError: [Errno 98] Address already in use`;

const TORCH =
  "torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. " +
  "port: 29500, useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use";

const TRACEBACK = `Traceback (most recent call last):
  File "/work/shop/core/server.py", line 12, in <module>
    main()
  File "/work/shop/core/server.py", line 8, in main
    sock.bind(("127.0.0.1", 8010))
OSError: [Errno 98] Address already in use`;

const MARKED = `Traceback (most recent call last):
  File "/work/shop/core/server.py", line 3, in <module>
    engine = LLM(model=MODEL)
                       ^^^^^
NameError: name 'MODEL' is not defined`;

test("uvicorn's wording of a taken port", () => {
  const [{ file, message }, ...more] = problems("portside-uvicorn", UVICORN);
  assert.equal(file, "8123");
  assert.match(message, /address already in use/);
  assert.deepEqual(more, []);
});

test("vLLM's wording of a taken port, at the line that binds", () => {
  assert.deepEqual(
    problems("portside-vllm", VLLM).map(({ line, message }) => ({ line, message })),
    [{ line: "348", message: "OSError: [Errno 98] Address already in use" }],
  );
});

test("torch's wording of a taken port", () => {
  const [{ file }] = problems("portside-torch", `(EngineCore pid=7) ERROR 11-21 ${TORCH}`);
  assert.equal(file, "29500");
  assert.equal(problems("portside-torch", TORCH).length, 1);
});

test("the innermost line of a Python traceback", () => {
  assert.deepEqual(problems("portside-python", TRACEBACK), [
    { file: "/work/shop/core/server.py", line: "8", message: "OSError: [Errno 98] Address already in use" },
  ]);
  assert.deepEqual(problems("portside-python", MARKED), []);
  const [{ line, message }] = problems("portside-python-marked", MARKED);
  assert.deepEqual([line, message], ["3", "NameError: name 'MODEL' is not defined"]);
});

test("a log without trouble has no problems", () => {
  const log = "INFO:     Application startup complete.\nINFO:     Uvicorn running on http://127.0.0.1:8010";
  for (const { name } of problemMatchers) assert.deepEqual(problems(name, log), [], name);
});

test("a dev server is waited for until it is ready, or can't be", () => {
  const of = (line) => background("portside", line);
  assert.deepEqual(of("● app:app   with /usr/bin/python3 (on the path)"), { begins: true, ends: false });
  assert.deepEqual(of("✓ holding port 8010: http://127.0.0.1:8010"), { begins: false, ends: false });
  assert.deepEqual(of("… loading weights · 37% ━━━╌╌ · 41 s"), { begins: false, ends: false });
  assert.deepEqual(of("✗ port 8010 is taken"), { begins: false, ends: false }); // the user is asked
  assert(of("✓ generation 1 ready in 0.41 s   http://127.0.0.1:8010").ends);
  assert(of("… loading weights · 37%\r✓ generation 1 ready in 20.10 s   http://127.0.0.1:8010").ends);
  assert(of("✗ No module named 'torhc'").ends);
});

test("uvicorn and vllm serve are waited for until their startup is complete", () => {
  assert(background("portside-uvicorn", "INFO:     Started server process [11224]").begins);
  assert(background("portside-uvicorn", "INFO:     Application startup complete.").ends);
  const banner = "(APIServer pid=1) INFO 11-21 17:52:49 [api_server.py:1712] vLLM API server version 0.32.0";
  assert(background("portside-vllm", banner).begins);
  assert(background("portside-vllm", "INFO 11-21 17:52:49 [api_utils.py:286] non-default args: {}").begins);
  assert(background("portside-vllm", "(APIServer pid=1) INFO:     Application startup complete.").ends);
});
