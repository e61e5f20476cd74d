"""A real browser that opens a page from the disk: Chromium, spoken to through a pipe in its DevTools protocol."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_TIME_LIMIT = 60.0  # seconds
_TO_BROWSER, _FROM_BROWSER = 3, 4  # the numbers that --remote-debugging-pipe stands for


class BrowserError(Exception):
    """The browser refused a call."""


class Browser:
    """One page in a browser without a window; `addresses` and `errors` are what it asked for and complained of."""

    def __init__(self, profile: Path) -> None:
        self.addresses, self.errors = [], []
        reads, self._to = os.pipe()
        self._from, writes = os.pipe()
        self._process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec "$@" {_TO_BROWSER}<&{reads} {_FROM_BROWSER}>&{writes}',
                "browser",
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
            ],
            pass_fds=(reads, writes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._unread, self._calls, self._session = b"", 0, None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)

    def open(self, address: str) -> None:
        """Go to an address, and wait until its scripts have run."""
        self._call("Page.navigate", url=address)
        self.wait(f"location.href === {json.dumps(address)} && document.readyState === 'complete'")

    def evaluate(self, script: str):
        """Return the value of an expression in the page, awaited if it is a promise."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str):
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + _TIME_LIMIT
        while time.monotonic() < end:
            with contextlib.suppress(BrowserError):  # while another page comes
                if value := self.evaluate(condition):
                    return value
            time.sleep(0.05)
        raise AssertionError(f"not within {_TIME_LIMIT:.0f} seconds: {condition}")

    def type(self, text: str) -> None:
        """Press the keys of a text."""
        for letter in text:
            self._call("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            self._call("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def _call(self, method: str, **parameters):
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": parameters}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._to, json.dumps(call).encode() + b"\0")
        while (message := self._message()).get("id") != self._calls:
            self._note(message)
        if "error" in message:
            raise BrowserError(message)
        return message["result"]

    def _message(self):
        while b"\0" not in self._unread:
            received = os.read(self._from, 1 << 20)
            assert received, "the browser ended"
            self._unread += received
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)

    def _note(self, message) -> None:
        what, told = message.get("method"), message.get("params", {})
        if what == "Network.requestWillBeSent":
            self.addresses.append(told["request"]["url"])
        elif what == "Runtime.exceptionThrown":
            self.errors.append(told["exceptionDetails"]["exception"].get("description"))
        elif what == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])
        elif what == "Runtime.consoleAPICalled" and told["type"] == "error":
            self.errors.append(str(told["args"]))
