"""A real browser, driven as by a person and examined as by a critic of web pages."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import presence_of_element_located, staleness_of
from selenium.webdriver.support.wait import WebDriverWait

_PATIENCE_S = 30
_FLAGS = (
    "--headless",
    "--no-sandbox",  # it does not start as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=800,600",
    "--force-device-scale-factor=2",  # small letters are read more surely
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # the provider's pages want a font of the internet
)
_AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
_SEND = """
const [{form}, texts] = arguments;
if (Object.entries(texts).some(([name, text]) => form.elements[name].value !== text)) return false;
[...form.elements].find(({type}) => type === 'submit').click();
return true;
"""


@dataclass(frozen=True)
class Chromium:
    """One window."""

    driver: Chrome

    def open(self, url: str) -> None:
        """Go to a page, in a window that has been nowhere before."""
        self.driver.get("about:blank")
        for log in ("performance", "browser"):
            self._log(log)
        self.driver.get(url)

    def forget(self) -> None:
        """Forget all sites' cookies."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def fill_in(self, **fields: str) -> None:
        """Fill in the fields of a form, send it, and wait until its page is gone.

        Pages share links: the next one looked for would be that of the page that is about to go.
        """
        self._patience.until(staleness_of(self._patience.until(lambda _: self._sent_with(fields))))

    def _sent_with(self, fields: dict[str, str]) -> Any:
        """A field of the form, if the form was sent.

        A page that is still being drawn may undo what is typed; so the last look and the sending are one step.
        """
        for name, text in fields.items():
            field = self.driver.find_element(By.NAME, name)
            if field.get_property("value") != text:
                field.send_keys(Keys.CONTROL, "a", Keys.NULL, text)
        return self.driver.execute_script(_SEND, field, fields) and field

    def press(self, text: str) -> None:
        """Press the button or follow the link that says so."""
        buttons = f"//*[self::a or self::button][contains(., '{text}')] | //input[@type='submit'][@value='{text}']"
        self._element(By.XPATH, buttons).click()

    def heading(self, text: str) -> None:
        """Wait for the page with that heading."""
        self._element(By.XPATH, f"//h1[normalize-space(.)='{text}']")

    def _element(self, by: str, what: str) -> Any:
        return self._patience.until(presence_of_element_located((by, what)))

    @property
    def _patience(self) -> "WebDriverWait[Chrome]":
        # The driver has many errors for an element that it meets while a page gives way to the next.
        return WebDriverWait(self.driver, _PATIENCE_S, poll_frequency=0.05, ignored_exceptions=[WebDriverException])

    @property
    def text(self) -> str:
        """The text of the page."""
        text: str = self._element(By.TAG_NAME, "body").text
        return text

    def seen(self, *, dark: bool) -> str:
        """The text that a person can read on a picture of the page."""
        self._prefer(dark=dark)
        picture = self.driver.get_screenshot_as_png()
        command = ["tesseract", "stdin", "stdout", "--psm", "11", "--dpi", "192"]
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}  # it is slower by far with more threads than processors
        done = subprocess.run(command, input=picture, capture_output=True, check=True, env=environment)
        return " ".join(done.stdout.decode().split())

    def faults(self, *, dark: bool) -> list[str]:
        """The faults that axe finds, breaches of best practices included."""
        self._prefer(dark=dark)
        self.driver.execute_script(_AXE.read_text())
        report = self.driver.execute_async_script("axe.run().then(arguments[0])")
        assert "color-contrast" in {rule["id"] for rule in report["passes"]}
        return [f"{rule['id']}: {node['html']}" for rule in report["violations"] for node in rule["nodes"]]

    def requested(self, address: str) -> list[str]:
        """The URLs that were requested for the page at that address, its own included."""
        entries = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [entry["params"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in sent if one["documentURL"].startswith(address)]

    def complaints(self) -> list[str]:
        """The browser's complaints, such as breaches of a page's own policy."""
        return [entry["message"] for entry in self._log("browser")]

    def _log(self, name: str) -> list[dict[str, str]]:
        """The new entries of a log."""
        entries: list[dict[str, str]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries

    def _prefer(self, *, dark: bool) -> None:
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        assert self.driver.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches") is dark


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """Run it with that empty directory as its profile."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.page_load_strategy = "none"  # the last page of a sign-in loads until the exchange is over
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options, ChromeService(shutil.which("chromedriver")))
    try:
        yield Chromium(driver)
    finally:
        driver.quit()
