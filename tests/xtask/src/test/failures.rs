//! Which tests failed and what they said, read from what the test programs print. It is shown again below the closing table:
//! a build server keeps the end of a long log, and that is where people look.

use std::collections::VecDeque;

/// How many lines are kept of one stage, the latest: enough for a handful of failed tests.
const LINES_KEPT: usize = 60;

/// How much of a line is kept, in characters: a command with its class path has 40,000.
const LINE_LENGTH: usize = 300;

/// Where a passage about failed tests begins: of Rust's test programs, of JUnit's console, of Python's unittest (a line for
/// each test that failed).
const BEGINS: [&str; 4] = ["failures:", "Failures (", "FAIL: ", "ERROR: "];

/// Where it ends: with the summary, by which [`super::counts::Counts`] goes.
const ENDS: [&str; 3] = ["test result: ", "Test run finished", "Ran "];

/// What compilers (`error[E0308]: …`) and Swift Testing (`✘ Test …`) print in single lines.
const SINGLE: [&str; 3] = ["error: ", "error[", "✘ Test "];

/// What the compilers of Kotlin and Swift say after the place (`File.kt:3:4: error: …`).
const AFTER_PLACE: &str = ": error: ";

/// The passages of one stage.
#[derive(Debug, Default)]
pub struct Failures {
    lines: VecDeque<String>,
    within: bool,
}

impl Failures {
    /// Keeps a line of output if it is about something that failed.
    pub fn read(&mut self, line: &str) {
        if ENDS.iter().any(|end| line.starts_with(end)) {
            self.within = false;
        } else if BEGINS.iter().any(|begin| line.starts_with(begin)) {
            self.within = true;
        }
        let single = SINGLE.iter().any(|what| line.starts_with(what)) || line.contains(AFTER_PLACE);
        if (self.within || single) && !line.trim().is_empty() {
            self.lines.push_back(cut(line));
            if self.lines.len() > LINES_KEPT {
                self.lines.pop_front();
            }
        }
    }

    /// What was kept, a line each.
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

/// A line without what is too long to be read.
pub fn cut(line: &str) -> String {
    console::truncate_str(line, LINE_LENGTH, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Failures, LINE_LENGTH, LINES_KEPT};

    fn read(text: &str) -> Vec<String> {
        let mut failures = Failures::default();
        text.lines().for_each(|line| failures.read(line));
        failures.lines()
    }

    #[test]
    fn of_rust_the_failed_test_and_what_it_said() {
        let lines = read(
            "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nseed 7\nthread 'b' panicked at b.rs:3:4:\nno\n\n\
             failures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed\nDoc-tests b",
        );
        let expected = [
            "failures:",
            "---- b stdout ----",
            "seed 7",
            "thread 'b' panicked at b.rs:3:4:",
            "no",
            "failures:",
            "    b",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn of_junit_the_failed_test_and_what_it_said() {
        let lines = read(
            "└─ SignInTest ✔\n\nFailures (1):\n  JUnit Vintage:SignInTest:it works\n    => java.lang.AssertionError\n\n\
             Test run finished after 12 ms\n[ 1 tests failed ]",
        );
        let expected =
            ["Failures (1):", "  JUnit Vintage:SignInTest:it works", "    => java.lang.AssertionError"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn of_python_and_swift_the_failed_test_and_what_it_said() {
        let lines = read(
            "..F\n====\nFAIL: test_a (b.C)\n----\nAssertionError: 1 != 2\n\nRan 3 tests in 1s\nFAILED (failures=1)",
        );
        assert_eq!(lines, ["FAIL: test_a (b.C)", "----", "AssertionError: 1 != 2"]);
        let lines =
            read("✔ Test a() passed after 1 seconds.\n✘ Test b() recorded an issue at B.swift:3:4: no");
        assert_eq!(lines, ["✘ Test b() recorded an issue at B.swift:3:4: no"]);
    }

    #[test]
    fn of_compilers_what_they_refuse() {
        let lines = read(
            "warning: unused\nerror[E0308]: mismatched types\n  --> a.rs:1:2\nA.kt:3:4: error: no such name",
        );
        assert_eq!(lines, ["error[E0308]: mismatched types", "A.kt:3:4: error: no such name"]);
    }

    #[test]
    fn no_more_than_somebody_reads() {
        let long = "x".repeat(2 * LINE_LENGTH);
        let lines = read(&format!("failures:\n{}", format!("{long}\n").repeat(2 * LINES_KEPT)));
        assert_eq!(lines.len(), LINES_KEPT);
        assert!(lines.iter().all(|line| line.chars().count() == LINE_LENGTH), "{lines:?}");
    }
}
