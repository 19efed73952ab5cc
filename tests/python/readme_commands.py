"""Runs the commands of README.md, so that what a newcomer types first works.

usage: readme_commands.py BARKEEP README.md

Every fenced block marked `sh`, `bash` or `console` is run, all in one empty folder and in the order of the page,
with the binary on the PATH. Lines that begin with cargo, git, cd, curl or sudo are left to the reader, and so are
blocks marked `no-run`, which need a network or change the machine. In `console` blocks only lines after `$ ` count.
"""

import os
import re
import subprocess
import sys
import tempfile

import support

BLOCK = re.compile(r"^```(sh|bash|console)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_TO_READER = ("cargo ", "git ", "cd ", "curl ", "sudo ")
TEST_COMMAND = "cargo test"


def commands_of(language, text):
    """Returns the lines of a block that are run."""
    lines = text.splitlines()
    if language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [line for line in lines if line.strip() and not line.lstrip().startswith(LEFT_TO_READER)]


def main():
    binary, readme = map(os.path.abspath, sys.argv[1:3])
    with open(readme, encoding="utf-8") as file:
        page = file.read()
    verdicts = support.Verdicts("README")
    verdicts.check(re.search(rf"^(\$ )?{TEST_COMMAND}\b", page, re.MULTILINE), f"README names `{TEST_COMMAND}`")
    environment = dict(os.environ, PATH=f"{os.path.dirname(binary)}:{os.environ['PATH']}")
    with tempfile.TemporaryDirectory(prefix="readme.") as folder:
        for language, marks, text in BLOCK.findall(page):
            commands = commands_of(language, text)
            if "no-run" in marks or not commands:
                continue
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(commands)], cwd=folder, env=environment,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600)
            verdicts.check(done.returncode == 0, " && ".join(commands), f"exit {done.returncode}: {done.stderr[-400:]}")
            print(f"  ran {len(commands)} lines, first: {commands[0]}")
    verdicts.finish()


if __name__ == "__main__":
    main()
