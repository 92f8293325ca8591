//! Containers by testcontainers, callable from any thread.
//!
//! What enters: an image and its settings. What leaves: a running container. What holds: testcontainers'
//! blocking interface brings its own runtime, which must not be entered from a thread of another one (as
//! in a test under tokio), so every call is made on a thread of its own.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use testcontainers::core::error::TestcontainersError;
use testcontainers::runners::SyncRunner;
use testcontainers::{Container, ContainerRequest, GenericImage};

use crate::Result;
use crate::process::{ContainerGuard, setting};

/// A container that is removed with its volumes on drop, and when this process ends.
#[derive(Debug)]
pub(crate) struct Running {
    container: Option<Box<Container<GenericImage>>>,
    _guard: ContainerGuard,
}

/// True where a container of this image is to be used: nobody said no, a daemon answers, and it has the
/// image or can pull it.
pub(crate) fn wanted((name, tag): (&str, &str)) -> bool {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    let asked = || setting("STREAMGUARD_TEST_DOCKER").as_deref() != Some("0");
    let answers = || docker(&["version", "--format", "{{.Server.Version}}"]).is_ok();
    if !*ANSWERS.get_or_init(|| asked() && answers()) {
        return false;
    }
    let image = format!("{name}:{tag}");
    let there = docker(&["image", "inspect", &image]).or_else(|_| docker(&["pull", "--quiet", &image]));
    if let Err(error) = &there {
        let _ = writeln!(std::io::stderr(), "no container of {image}, a local process instead: {error}");
    }
    there.is_ok()
}

impl Running {
    pub(crate) fn start(request: ContainerRequest<GenericImage>) -> Result<Self> {
        let container = apart(|| request.start())?.map_err(|e| format!("container: {e}"))?;
        let guard = ContainerGuard::new(container.id())?;
        Ok(Self { container: Some(Box::new(container)), _guard: guard })
    }

    /// Ends the container's processes at once, by SIGKILL; the data stays.
    pub(crate) fn kill(&self) -> Result<()> {
        self.on(|container| container.stop_with_timeout(Some(0)))
    }

    /// Starts it again, with the same data and ports.
    pub(crate) fn start_again(&self) -> Result<()> {
        self.on(|container| container.start())
    }

    /// The id of the container's first process on this machine.
    pub(crate) fn pid(&self) -> Result<u32> {
        let pid = docker(&["inspect", "--format", "{{.State.Pid}}", self.id()?])?;
        pid.trim().parse().map_err(|e| format!("docker inspect answers {pid:?}: {e}"))
    }

    /// Runs a command in the container and returns what it printed.
    pub(crate) fn exec(&self, command: &[&str]) -> Result<String> {
        docker(&[&["exec", self.id()?], command].concat())
    }

    /// What the server has written so far, stdout and stderr.
    pub(crate) fn log(&self) -> Result<String> {
        let both = |c: &Container<GenericImage>| Ok([c.stdout_to_vec()?, c.stderr_to_vec()?].concat());
        Ok(String::from_utf8_lossy(&self.on(both)?).into_owned())
    }

    fn id(&self) -> Result<&str> {
        Ok(self.container.as_ref().ok_or("the container is gone")?.id())
    }

    fn on<T: Send>(
        &self,
        call: impl FnOnce(&Container<GenericImage>) -> std::result::Result<T, TestcontainersError> + Send,
    ) -> Result<T> {
        let container = self.container.as_ref().ok_or("the container is gone")?;
        apart(|| call(container))?.map_err(|e| format!("container: {e}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let container = self.container.take();
        let _ = apart(|| drop(container));
    }
}

fn docker(args: &[&str]) -> Result<String> {
    let output = Command::new("docker")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot run docker: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("docker {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

fn apart<T: Send>(call: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| scope.spawn(call).join())
        .map_err(|_| "a call to testcontainers panicked".to_owned())
}
