"""uvicorn-run-in-main on launches that nobody means so: the finding stays, whatever becomes of the fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.rules.marked import Workspace, of_rule

from portside.lint.engine import RULE_FAILED

DAMAGED = {
    "options read after the server": (
        "import argparse\nimport uvicorn\n\nif __name__ == '__main__':\n    try:\n"
        "        uvicorn.run('api:app', port=8010)\n    except KeyboardInterrupt:\n        print('bye')\n"
        "    parser = argparse.ArgumentParser()\n    parser.add_argument('--title', default='t')\n"
        "    args = parser.parse_args()\n"
    ),
    "an option that uvicorn does not know, in another branch": (
        "import sys\nimport uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n"
        "if __name__ == '__main__':\n    if sys.argv[1:]:\n        uvicorn.run(app, port=8010)\n    else:\n"
        "        uvicorn.run(app, port=8010, ssl_k='key.pem')\n"
    ),
    "carriage returns that are lines to an editor, and none between them to others": (
        "import argparse\r\nimport uvicorn\nif __name__ == '__main__':\r\r\r\n"
        "    parser = argparse.ArgumentParser()\r\n"
        "    parser.add_argument('--port', type=int, default=int(os.environ.get('API_PORT', 8003)))\r\r\n"
        "    args = parser.parse_args()\r\r    uvicorn.run(app, port=args.port)"
    ),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_the_finding_stays(text: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "server.py")
    findings = of_rule(workspace.check(text), "PS101")
    assert findings
    assert not of_rule(workspace.check(text), RULE_FAILED)
    for fix in findings[0].fixes:
        compile(workspace.fixed(text, fix), "server.py", "exec")
