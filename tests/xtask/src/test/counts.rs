//! How many tests ran, read from what the test programs print.

use std::fmt;
use std::ops::AddAssign;

/// Tests by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Not run, by their own wish.
    pub ignored: u64,
}

impl Counts {
    /// Adds what a line of output says, if it is a summary: `test result: …` of Rust's test programs; `Ran N tests` and
    /// `FAILED (…)`/`OK (…)` of Python's unittest, where the second line corrects the first; `[ N tests successful ]`
    /// and its like of JUnit's console; or `✔ Test name() passed …`, `✘ Test name() failed …` and `➜ Test name()
    /// skipped` of Swift Testing, whose summary counts no failed tests.
    pub fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some((_, summary)) = line.split_once("test result: ") {
            *self += Self {
                passed: number_before(summary, " passed"),
                failed: number_before(summary, " failed"),
                ignored: number_before(summary, " ignored"),
            };
        } else if let Some(passed) = swift_test(line, '✔') {
            self.passed += u64::from(passed.contains(" passed after "));
        } else if let Some(failed) = swift_test(line, '✘') {
            self.failed += u64::from(failed.contains(" failed after "));
        } else if let Some(skipped) = swift_test(line, '➜') {
            self.ignored += u64::from(skipped.contains(" skipped"));
        } else if let Some(of_junit) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            self.passed += number_before(of_junit, " tests successful");
            self.failed +=
                number_before(of_junit, " tests failed") + number_before(of_junit, " containers failed");
            self.ignored += number_before(of_junit, " tests skipped");
        } else if let Some(ran) = line.strip_prefix("Ran ") {
            self.passed += number_before(ran, " test");
        } else if let Some(what) = line.strip_prefix("FAILED (").or_else(|| line.strip_prefix("OK (")) {
            // A test can have several errors (as in its clean-up); no number goes below zero for that.
            let failed = number_after(what, "failures=")
                + number_after(what, "errors=")
                + number_after(what, "successes=");
            let ignored = number_after(what, "skipped=");
            self.passed = self.passed.saturating_sub(failed + ignored);
            self.failed += failed;
            self.ignored += ignored;
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.ignored += more.ignored;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { passed: 0, failed: 0, ignored: 0 } => write!(formatter, "(no tests of its own)"),
            Self { passed, failed: 0, ignored: 0 } => write!(formatter, "{passed} tests"),
            Self { passed, failed, ignored } => {
                write!(formatter, "{passed} tests passed, {failed} failed, {ignored} ignored")
            }
        }
    }
}

/// What Swift Testing says about one test; not about suites, and not about all tests ("Test run").
fn swift_test(line: &str, symbol: char) -> Option<&str> {
    let rest = line.strip_prefix(symbol)?.trim_start_matches(['\u{fe0e}', ' ']).strip_prefix("Test ")?;
    (!rest.starts_with("run ")).then_some(rest)
}

fn number_before(text: &str, word: &str) -> u64 {
    let before = text.split_once(word).map(|(before, _)| before).unwrap_or_default();
    let digits = before.rsplit(|letter: char| !letter.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn number_after(text: &str, word: &str) -> u64 {
    // `failures=` is the end of `unexpected successes=` for nobody, but `expected failures=` does end in `failures=`,
    // and those are passes.
    let mut parts = text.split([',', ')']).map(str::trim);
    parts
        .find_map(|part| {
            part.strip_prefix(word).or_else(|| part.strip_prefix("unexpected ")?.strip_prefix(word))
        })
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Counts;

    fn read(text: &str) -> Counts {
        let mut counts = Counts::default();
        text.lines().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn summaries_of_rust_add_up() {
        let counts = read(
            "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
             test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.1s",
        );
        assert_eq!(counts, Counts { passed: 15, failed: 2, ignored: 1 });
    }

    #[test]
    fn summaries_of_python_are_corrected_by_their_second_line() {
        assert_eq!(read("Ran 7 tests in 3.1s\n\nOK"), Counts { passed: 7, failed: 0, ignored: 0 });
        assert_eq!(
            read("Ran 7 tests in 3.1s\n\nFAILED (failures=1, errors=2, skipped=1)"),
            Counts { passed: 3, failed: 3, ignored: 1 }
        );
        assert_eq!(
            read("Ran 2 tests in 1s\nOK (expected failures=1)"),
            Counts { passed: 2, failed: 0, ignored: 0 }
        );
        assert_eq!(
            read("Ran 1 test in 1s\nFAILED (unexpected successes=1)"),
            Counts { passed: 0, failed: 1, ignored: 0 }
        );
    }

    #[test]
    fn tests_of_swift_are_counted_one_by_one() {
        let counts = read(
            "◇ Test run started.\n◇ Test tells() started.\n✔ Test tells() passed after 0.1 seconds.\n\
             ✘ Test keeps() recorded an issue at A.swift:3:4: Expectation failed: a\n\
             ✘ Test keeps() failed after 0.2 seconds with 1 issue.\n✘ Suite Stores failed after 0.2 seconds.\n\
             ➜ Test later() skipped\n✘ Test run with 3 tests failed after 0.3 seconds with 1 issue.",
        );
        assert_eq!(counts, Counts { passed: 1, failed: 1, ignored: 1 });
    }

    #[test]
    fn summaries_of_junit_add_up() {
        let counts = read(
            "Test run finished after 812 ms\n[         4 containers found      ]\n[         1 containers failed     ]\n\
             [        12 tests found           ]\n[         2 tests skipped         ]\n\
             [        10 tests started         ]\n[         9 tests successful      ]\n\
             [         1 tests failed          ]\n",
        );
        assert_eq!(counts, Counts { passed: 9, failed: 2, ignored: 2 });
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(read("FAILED\nOK\nRan away\ntest result: none\n"), Counts::default());
    }
}
