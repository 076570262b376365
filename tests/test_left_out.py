"""The run says what it left out and how to get it, and fails on it where nothing may be left out."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.mark.browser
def test_a_page():
    pytest.skip("no Chromium on this machine")

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail():
    assert False

def test_plain():
    pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(SUITE)
    pytester.makeini("[pytest]\nmarkers =\n    browser: drives Chromium\n")
    pytester.makeconftest("pytest_plugins = ['tests.left_out']\n")
    return pytester


def test_a_left_out_test_is_named_with_the_way_to_get_it(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFALAT_NO_SKIP", raising=False)
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*left out*", "1 need Chromium: apt-get install chromium"])
    assert result.ret == 0


def test_where_nothing_may_be_left_out_a_skip_fails_with_its_reason(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFALAT_NO_SKIP", "1")
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*no Chromium on this machine*"])
    assert result.ret == 1


def test_a_file_that_skips_itself_whole_fails_too(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFALAT_NO_SKIP", "1")
    suite.makepyfile(test_whole="import pytest\npytest.importorskip('a_package_nobody_has')\n")
    result = suite.runpytest_inprocess()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*a_package_nobody_has*"])
