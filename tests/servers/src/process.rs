//! A server process and the directory it lives in.
//!
//! What enters: a command. What leaves: a child process whose output is in a log file, and a directory
//! that goes with it. What holds: a watchdog shell waits on a pipe whose only writer is this process, so
//! it learns of this process's end however that came about; then it ends the server and removes the
//! directory. (A parent-death signal would not do: it is sent when the *thread* that started the server
//! ends, and tests share servers between threads.)

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// A user and group to run a server as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A server's directory; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    watchdog: Option<(Child, ChildStdin)>,
}

/// On end of input: ends the process whose id is in the file `pid`, then removes the directory.
/// `$1` is the directory, `$2` the signal that the server takes as "at once, but tidily".
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
if [ -s "$1/pid" ]; then
  pid=$(cat "$1/pid")
  kill -s "$2" "$pid" 2>/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
  kill -s KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
"#;

/// On end of input: removes the container named `$1` and its volumes.
const CONTAINER_WATCHDOG: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
docker rm -f -v "$1" >/dev/null 2>&1
"#;

impl Home {
    /// Makes a directory that `owner` may write to, and its watchdog.
    pub(crate) fn new(name: &str, owner: Option<User>, end_signal: &str) -> Result<Self> {
        Self::new_in(&std::env::temp_dir(), name, owner, end_signal)
    }

    /// The same in a directory that `owner` may enter.
    pub(crate) fn new_in(parent: &Path, name: &str, owner: Option<User>, end_signal: &str) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(&format!("streamguard-{name}-"))
            .tempdir_in(parent)
            .map_err(|e| format!("cannot make a directory for {name}: {e}"))?;
        if let Some(user) = owner {
            chown(dir.path(), Some(user.uid), Some(user.gid))
                .map_err(|e| format!("chown of {dir:?}: {e}"))?;
        }
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700))
            .map_err(|e| format!("chmod: {e}"))?;
        let path = dir.keep();
        let watchdog = watchdog(WATCHDOG, &[path.as_os_str(), OsStr::new(end_signal)])?;
        Ok(Self { path, watchdog: Some(watchdog) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the server has written so far.
    pub(crate) fn log(&self) -> String {
        let path = self.path.join("server.log");
        fs::read_to_string(&path).unwrap_or_else(|e| format!("{}: {e}", path.display()))
    }

    /// The end of it, for an error message.
    fn log_tail(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Runs a command to its end; an error holds what it printed.
    pub(crate) fn run(&self, what: &str, user: Option<User>, command: &mut Command) -> Result<String> {
        as_user(command, user).current_dir(&self.path).stdin(Stdio::null());
        let output = command.output().map_err(|e| format!("{what}: cannot run {command:?}: {e}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Err(format!("{what} failed ({}): {}{}", output.status, out.trim(), err.trim()))
    }

    /// Starts the server in this directory. Its id is in the file `pid` before its program begins.
    pub(crate) fn spawn(&self, user: Option<User>, program: &OsStr, args: &[&OsStr]) -> Result<Child> {
        let log = self.path.join("server.log");
        let log =
            File::options().create(true).append(true).open(&log).map_err(|e| format!("{log:?}: {e}"))?;
        let errors = log.try_clone().map_err(|e| format!("log: {e}"))?;
        let mut command = Command::new("sh");
        command.args(["-c", r#"echo $$ >pid && exec "$@""#, "sh"]).arg(program).args(args);
        as_user(&mut command, user)
            .current_dir(&self.path)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C in a terminal reaches the tests; their end then reaches the server.
            .process_group(0);
        command.spawn().map_err(|e| format!("cannot start {program:?}: {e}"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some((mut child, pipe)) = self.watchdog.take() {
            drop(pipe);
            let _ = child.wait();
        }
    }
}

/// A server process in its home: at most one runs at a time.
#[derive(Debug)]
pub(crate) struct Server {
    child: Mutex<Child>,
    home: Home,
    end_signal: &'static str,
}

impl Server {
    /// Takes over a process that [`Home::spawn`] started; `end_signal` is how it is ended.
    pub(crate) fn new(home: Home, child: Child, end_signal: &'static str) -> Self {
        Self { child: Mutex::new(child), home, end_signal }
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn pid(&self) -> u32 {
        self.lock().id()
    }

    /// Ends the process and waits until it is gone; nothing where it has ended already.
    pub(crate) fn end(&self) -> Result<()> {
        let mut child = self.lock();
        if child.try_wait().map_err(|e| format!("wait: {e}"))?.is_none() {
            signal(child.id(), self.end_signal)?;
            child.wait().map_err(|e| format!("wait: {e}"))?;
        }
        // The id may become another process's: the watchdog must not know it any more.
        let _ = fs::remove_file(self.home.path.join("pid"));
        Ok(())
    }

    /// Puts a new process in the place of one that has ended.
    pub(crate) fn replace(&self, child: Child) {
        *self.lock() = child;
    }

    /// An error, with the end of the log, where the process has ended.
    pub(crate) fn check_runs(&self) -> Result<()> {
        match self.lock().try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                Err(format!("the server ended ({status}); the end of its log:\n{}", self.home.log_tail()))
            }
            Err(error) => Err(format!("wait: {error}")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Removes a container when this process ends; dropping the handle does so at once.
#[derive(Debug)]
pub(crate) struct ContainerGuard {
    _child: Child,
    _pipe: ChildStdin,
}

impl ContainerGuard {
    pub(crate) fn new(id: &str) -> Result<Self> {
        let (child, pipe) = watchdog(CONTAINER_WATCHDOG, &[OsStr::new(id)])?;
        Ok(Self { _child: child, _pipe: pipe })
    }
}

/// Runs a script whose input ends when the pipe, or this process, does.
pub(crate) fn watchdog(script: &str, args: &[&OsStr]) -> Result<(Child, ChildStdin)> {
    let mut child = Command::new("sh")
        .args(["-c", script, "watchdog"])
        .args(args)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("cannot start the watchdog shell: {e}"))?;
    let pipe = child.stdin.take().ok_or("the watchdog shell has no input")?;
    Ok((child, pipe))
}

fn as_user(command: &mut Command, user: Option<User>) -> &mut Command {
    match user {
        Some(User { uid, gid }) => command.gid(gid).uid(uid).env("HOME", "/"),
        None => command,
    }
}

/// Sends a signal by name.
pub(crate) fn signal(pid: u32, name: &str) -> Result<()> {
    let status = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status()
        .map_err(|e| format!("cannot run kill: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("kill -s {name} {pid}: {status}")) }
}

/// A loopback port that is free now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("no free port: {e}"))?;
    Ok(listener.local_addr().map_err(|e| format!("no free port: {e}"))?.port())
}

/// Asks until the answer is yes; the error of the last "not yet" where the time is over.
pub(crate) fn wait_until(limit: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + limit;
    while !ready()? {
        if Instant::now() > end {
            return Err(format!("not ready within {} s", limit.as_secs()));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Tries three times: another process may take a free port between the look and the start.
pub(crate) fn with_other_ports<T>(mut start: impl FnMut() -> Result<T>) -> Result<T> {
    start().or_else(|_| start()).or_else(|_| start())
}

/// The value of an environment variable that is set and not empty.
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
