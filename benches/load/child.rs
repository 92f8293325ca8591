//! The engine as a process of its own, which can be killed and whose memory can be read.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, missing_docs)]
#![allow(unreachable_pub, reason = "each bench uses a part of it")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A running engine; dropping it kills it.
pub struct Engine {
    process: Child,
    said: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Engine {
    /// Starts it with the five rules, in a data directory.
    pub fn start(bootstrap: &str, data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_streamguard"))
            .args(["engine", "--group", "bench", "--threads", "2", "--counts", "off", "--rules"])
            .arg(crate::load::rules("rules"))
            .arg("--data-dir")
            .arg(data)
            .args(["--kafka-bootstrap-servers", bootstrap])
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (lines, heard) = (BufReader::new(process.stderr.take().unwrap()).lines(), said.clone());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                heard.lock().unwrap().push((Instant::now(), line));
            }
        });
        Self { process, said }
    }

    /// What it said since it was started that has one of these words, with the time of each.
    pub fn said(&self, words: &[&str]) -> Vec<(Instant, String)> {
        let said = self.said.lock().unwrap();
        said.iter().filter(|(_, line)| words.iter().any(|word| line.contains(word))).cloned().collect()
    }

    /// Its resident memory in MB.
    pub fn resident(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kilobytes: f64 = line.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        kilobytes * 1024.0 / 1e6
    }

    /// Ends it by SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends the bench where it has ended by itself.
    pub fn must_run(&mut self) {
        if let Some(status) = self.process.try_wait().unwrap() {
            let said = self.said.lock().unwrap();
            let last: Vec<_> = said.iter().rev().take(5).map(|(_, line)| line.as_str()).collect();
            panic!("the engine has ended, {status}: {last:#?}");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
