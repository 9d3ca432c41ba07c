"""The log keeps what went wrong. Each test is a program of its own: the log changes the whole process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def log_of(home: Path, code: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run ``code`` after logging was started; gives how it ended and what the log says."""
    code = f"import logging, sys, threading, warnings\nfrom tlstudio.logs import *\nlog_to_file()\n{code}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    file = home / "log" / "tlstudio.log"
    return done, file.read_text("utf-8") if file.is_file() else ""


def test_that_an_uncaught_error_is_a_sentence_on_stderr_and_a_traceback_in_the_log(home: Path):
    done, log = log_of(home, "def slip(): raise ValueError('고양이')\nslip()")
    assert done.returncode == 1
    assert done.stderr.startswith("ValueError: ")
    assert "Traceback" not in done.stderr
    assert str(home / "log" / "tlstudio.log") in done.stderr
    assert "Traceback" in log
    assert "in slip" in log
    assert "ValueError: 고양이" in log


def test_that_an_error_in_a_thread_is_logged_with_the_threads_name(home: Path):
    code = "t = threading.Thread(target=lambda: 1 / 0, name='decode-7')\nt.start()\nt.join()"
    done, log = log_of(home, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert "CRITICAL decode-7" in log
    assert "ZeroDivisionError" in log


def test_that_warnings_are_logged_and_not_printed(home: Path):
    done, log = log_of(home, "warnings.warn('old-fashioned')")
    assert (done.returncode, done.stderr) == (0, "")
    assert "UserWarning: old-fashioned" in log


def test_that_starting_the_log_twice_writes_each_line_once(home: Path):
    _, log = log_of(home, "log_to_file()\nlogging.getLogger('x').info('only once')")
    assert log.count("only once") == 1


def test_that_a_crash_of_native_code_leaves_its_stack(home: Path):
    done, _ = log_of(home, "import faulthandler\nfaulthandler._sigsegv()")
    assert done.returncode != 0
    assert "Segmentation fault" in (home / "log" / "crash.log").read_text()


def test_that_the_log_does_not_grow_without_end(home: Path):
    code = "for _ in range(110): logging.getLogger('x').info('y' * 100_000)"
    log_of(home, code)
    sizes = [file.stat().st_size for file in (home / "log").glob("tlstudio.log*")]
    assert len(sizes) == 4
    assert sum(sizes) < 9_000_000


@pytest.mark.skipif(os.name == "nt", reason="a file stands in for a folder that cannot be written")
def test_that_a_log_that_cannot_be_written_is_no_reason_not_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path / "file"))
    done, log = log_of(tmp_path, "logging.getLogger('x').error('lost')\nsys.stdout.write('here')")
    assert (done.returncode, done.stdout, done.stderr, log) == (0, "here", "", "")
