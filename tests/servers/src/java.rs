//! Java programs of one source file, run with Kafka's jars.
//!
//! What enters: a source file, a JDK and the jars that scripts/install-kafka.sh puts there. What leaves: a command
//! that compiles and runs it, to which arguments are added; or a reported skip.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::kafka::{class_path, find_jars};
use crate::{Found, skip};

/// The command that runs this source file; `None`, after a `SKIP:` line, where a part is missing.
///
/// # Panics
/// Where a part is missing and `STREAMGUARD_TEST_REQUIRE=1`.
pub fn java_program(source: &Path) -> Option<Command> {
    match find(source) {
        Found::Ready(command) => Some(command),
        Found::Missing(what) => {
            skip(&what);
            None
        }
    }
}

fn find(source: &Path) -> Found<Command> {
    let libs = match find_jars() {
        Found::Ready(libs) => libs,
        Found::Missing(what) => return Found::Missing(what),
    };
    let has_streams = std::fs::read_dir(&libs).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("kafka-streams-"))
    });
    if !has_streams {
        return Found::Missing(format!(
            "Kafka Streams is not in {}; get it by scripts/install-kafka.sh (needs Maven)",
            libs.display()
        ));
    }
    // A runtime alone cannot run a source file.
    let mut compiler = Command::new("javac");
    compiler.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !compiler.status().is_ok_and(|status| status.success()) {
        return Found::Missing(format!(
            "a JDK (17 or later) for {}; on Debian: apt-get install default-jdk-headless",
            source.display()
        ));
    }
    let mut java = Command::new("java");
    java.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"]).arg(class_path(&libs)).arg(source);
    Found::Ready(java)
}
