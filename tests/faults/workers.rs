//! Worker processes, and what befalls them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::support::{Running, streamguard};

pub(crate) const GROUP: &str = "faults";
/// After this the group gives a silent worker up.
pub(crate) const SESSION: Duration = Duration::from_secs(3);
/// At least so many workers are asked for, and at most so many.
const FEWEST: usize = 2;
const MOST: usize = 4;
/// How long a worker may take to end when it is asked to.
const END: Duration = Duration::from_secs(60);

enum State {
    Runs(Running),
    /// Stopped until then.
    Stopped(Running, Instant),
    /// Ended, until it is started again, if ever.
    Down(Option<Instant>),
}

/// One worker's directory, and its process.
struct Worker {
    number: usize,
    threads: usize,
    state: State,
}

pub(crate) struct Workers {
    place: PathBuf,
    bootstrap: String,
    guarantee: &'static str,
    workers: Vec<Worker>,
    /// How often the rules were edited.
    edits: u32,
}

impl Workers {
    /// Starts the first, which run these rules, each a file's name and text.
    pub(crate) fn start(
        place: &Path,
        bootstrap: &str,
        rules: &[(&str, &str)],
        guarantee: &'static str,
    ) -> Self {
        fs::create_dir_all(place.join("rules")).unwrap();
        for (name, sql) in rules {
            fs::write(place.join("rules").join(name), sql).unwrap();
        }
        let workers = (0..MOST)
            .map(|number| Worker { number, threads: 1 + number % 2, state: State::Down(None) })
            .collect();
        let mut this =
            Self { place: place.to_owned(), bootstrap: bootstrap.to_owned(), guarantee, workers, edits: 0 };
        for number in 0..FEWEST {
            this.launch(number);
        }
        this
    }

    fn command(&self, data: &Path, threads: usize, more: &[&str]) -> Command {
        let threads = threads.to_string();
        let session = format!("kafka.consumer.session.timeout.ms={}", SESSION.as_millis());
        let mut command = streamguard(&["engine", "--rules", "rules", "--group", GROUP]);
        command.args(["--guarantee", self.guarantee, "--threads", &threads, "--set", &session]).args(more);
        command.current_dir(&self.place).env("STREAMGUARD_DATA_DIR", data);
        command.env("STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS", &self.bootstrap);
        if let Ok(level) = std::env::var("FAULTS_LOG") {
            command.env("RUST_LOG", level);
        }
        command
    }

    fn log(&self, number: usize) -> PathBuf {
        self.place.join(format!("worker-{number}.log"))
    }

    fn launch(&mut self, number: usize) {
        let data = self.place.join(format!("data-{number}"));
        let command = self.command(&data, self.workers[number].threads, &[]);
        self.workers[number].state = State::Runs(Running::start(command, &self.log(number)));
    }

    pub(crate) fn running(&self) -> usize {
        self.workers.iter().filter(|w| matches!(w.state, State::Runs(_))).count()
    }

    /// Those that are there or about to be.
    fn members(&self) -> usize {
        self.workers.iter().filter(|w| !matches!(w.state, State::Down(None))).count()
    }

    /// One that runs.
    fn any(&self, random: &mut Random) -> Option<usize> {
        let running: Vec<_> =
            self.workers.iter().filter(|w| matches!(w.state, State::Runs(_))).map(|w| w.number).collect();
        (!running.is_empty()).then(|| running[random.below(running.len() as u64) as usize])
    }

    /// Takes a worker's process, which counts as down until it is given another state.
    fn take(&mut self, number: usize) -> Option<Running> {
        match std::mem::replace(&mut self.workers[number].state, State::Down(None)) {
            State::Runs(running) | State::Stopped(running, _) => Some(running),
            State::Down(_) => None,
        }
    }

    /// `kill -9`, and a start soon after.
    pub(crate) fn kill(&mut self, random: &mut Random) -> bool {
        let Some(number) = self.any(random) else { return false };
        self.take(number).unwrap().kill();
        let back = Instant::now() + Duration::from_millis(random.below(2_000));
        self.workers[number].state = State::Down(Some(back));
        true
    }

    /// SIGSTOP, and SIGCONT after this time.
    pub(crate) fn stop(&mut self, random: &mut Random, time: Duration) -> bool {
        let Some(number) = self.any(random) else { return false };
        let running = self.take(number).unwrap();
        signal(&running, "STOP");
        self.workers[number].state = State::Stopped(running, Instant::now() + time);
        true
    }

    /// One more, with its old directory or none.
    pub(crate) fn add(&mut self, random: &mut Random) -> bool {
        if self.members() >= MOST {
            return false;
        }
        let Some(worker) = self.workers.iter().find(|w| matches!(w.state, State::Down(None))) else {
            return false;
        };
        let number = worker.number;
        if random.below(2) == 0 {
            let _ = fs::remove_dir_all(self.place.join(format!("data-{number}")));
        }
        self.launch(number);
        true
    }

    /// A rule comes, with slots among those of the others, and goes with the next edit: the others' alerts stay what
    /// they are. Whoever runs publishes it; whoever is dead or stopped finds it later.
    pub(crate) fn edit(&mut self) -> bool {
        let file = self.place.join("rules/90_comes_and_goes.sql");
        self.edits += 1;
        if self.edits.is_multiple_of(2) {
            fs::remove_file(file).unwrap();
        } else {
            // In one go, as an editor saves.
            let draft = self.place.join("draft.sql");
            fs::write(&draft, crate::load::COMES_AND_GOES).unwrap();
            fs::rename(draft, file).unwrap();
        }
        true
    }

    /// SIGTERM, and its end.
    pub(crate) fn remove(&mut self, random: &mut Random) -> bool {
        if self.members() <= FEWEST {
            return false;
        }
        let Some(number) = self.any(random) else { return false };
        let running = self.take(number).unwrap();
        let status = running.terminate(END);
        assert!(status.success(), "worker {number}: {status}\n{}", self.tail(number, 60));
        true
    }

    /// Does what is due; one that ended unasked is a failure.
    pub(crate) fn tend(&mut self) {
        let now = Instant::now();
        for number in 0..self.workers.len() {
            match &mut self.workers[number].state {
                State::Runs(running) => {
                    if !running.runs() {
                        panic!("worker {number} ended by itself\n{}", self.tail(number, 60));
                    }
                }
                State::Stopped(running, until) if now >= *until => {
                    signal(running, "CONT");
                    let running = self.take(number).unwrap();
                    self.workers[number].state = State::Runs(running);
                }
                State::Down(Some(at)) if now >= *at => self.launch(number),
                State::Stopped(..) | State::Down(_) => {}
            }
        }
    }

    /// Has all go on.
    pub(crate) fn settle(&mut self) {
        for worker in &mut self.workers {
            match &mut worker.state {
                State::Stopped(_, until) => *until = Instant::now(),
                State::Down(Some(at)) => *at = Instant::now(),
                _ => {}
            }
        }
        self.tend();
    }

    /// Ends all, each of which must succeed.
    pub(crate) fn end(&mut self) {
        self.tend();
        let running: Vec<_> =
            (0..self.workers.len()).filter_map(|n| self.take(n).map(|running| (n, running))).collect();
        running.iter().for_each(|(_, running)| signal(running, "TERM"));
        for (number, running) in running {
            let status = running.wait(END);
            assert!(status.success(), "worker {number}: {status}\n{}", self.tail(number, 60));
        }
    }

    /// A last engine, which ends when nothing is left to do.
    pub(crate) fn drain(&self, data: &Path, limit: Duration) {
        let command = self.command(data, 1, &["--exit-when-done"]);
        Running::start(command, &self.place.join("last.log")).succeed(limit);
    }

    fn tail(&self, number: usize, lines: usize) -> String {
        let text = fs::read_to_string(self.log(number)).unwrap_or_default();
        let all: Vec<_> = text.lines().collect();
        format!("-- worker {number}:\n{}\n", all[all.len().saturating_sub(lines)..].join("\n"))
    }

    /// The ends of all logs.
    pub(crate) fn last_words(&self) -> String {
        (0..self.workers.len()).map(|number| self.tail(number, 30)).collect()
    }
}

/// `FAULTS_KEEP=DIR` keeps the whole logs.
impl Drop for Workers {
    fn drop(&mut self) {
        let Ok(dir) = std::env::var("FAULTS_KEEP") else { return };
        for number in 0..self.workers.len() {
            let _ = fs::copy(self.log(number), Path::new(&dir).join(format!("worker-{number}.log")));
        }
    }
}

fn signal(running: &Running, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &running.pid().to_string()]).status().unwrap();
    assert!(sent.success());
}
