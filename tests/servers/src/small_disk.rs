//! A disk of a few megabytes, which can be full.
//!
//! What enters: its size. What leaves: a directory on a file system of its own, which says ENOSPC once it is
//! filled. What holds: it goes with its handle, or with this process.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command};

use crate::process::watchdog;
use crate::{skip, started};

/// On end of input: gives the file system `$1` up and removes the directory.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
umount -l "$1" && rmdir "$1"
"#;

/// A mounted disk; dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
    watchdog: Option<(Child, ChildStdin)>,
}

impl SmallDisk {
    /// Mounts one of so many megabytes. `None`, after a `SKIP:` line, where this process may not mount.
    ///
    /// # Panics
    /// Where it cannot be set up though it is mounted; with `STREAMGUARD_TEST_REQUIRE=1`, where it may not mount.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let path = started("a directory", tempfile::tempdir().map_err(|e| e.to_string())).keep();
        let size = format!("size={megabytes}m,mode=0755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            let _ = fs::remove_dir(&path);
            skip(
                "the right to mount a small file system: run the tests as root, in a container with CAP_SYS_ADMIN",
            );
            return None;
        }
        let watchdog = Some(started("its watchdog", watchdog(WATCHDOG, &[path.as_os_str()])));
        Some(Self { path, watchdog })
    }

    /// Its directory, which everybody may read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills what is left.
    ///
    /// # Panics
    /// Where that ends for another reason than that the disk is full.
    pub fn fill(&self) {
        let filled = fs::File::create(self.ballast()).and_then(|mut file| {
            let block = [0_u8; 4096];
            loop {
                match file.write_all(&block) {
                    Ok(()) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        });
        started("filling the disk", filled.map_err(|e| e.to_string()));
    }

    /// Gives the space back.
    ///
    /// # Panics
    /// Where it was not filled.
    pub fn free(&self) {
        started("freeing the disk", fs::remove_file(self.ballast()).map_err(|e| e.to_string()));
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Some((mut child, pipe)) = self.watchdog.take() {
            drop(pipe);
            let _ = child.wait();
        }
    }
}
