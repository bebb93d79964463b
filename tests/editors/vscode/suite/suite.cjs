/** Runs inside the extension host, beside the installed .vsix. A failed assertion ends it with exit code 1. */
const SUBJECTS = ["language", "view", "failures", "tasks", "explain", "debugging"];
const tests = Object.assign({}, ...SUBJECTS.map((name) => require(`./${name}.cjs`)));

exports.run = async () => {
  const failed = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok   ${name}`);
    } catch (error) {
      failed.push(name);
      console.log(`FAIL ${name}\n${error.stack}`);
    }
  }
  if (failed.length > 0) throw new Error(`${failed.length} of ${Object.keys(tests).length} failed`);
};
