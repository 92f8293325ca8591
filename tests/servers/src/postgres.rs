//! One PostgreSQL cluster.
//!
//! What enters: PostgreSQL's server programs and, where this process is root, a user to run them as; or
//! a Docker daemon. What leaves: a cluster that takes connections on a loopback port, by password. What
//! holds: port and data stay the same over `stop_immediate` and `start_again`; a commit that was
//! answered survives both (only the flush to disk is left out, so a crash of the machine is not survived).

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::{GenericImage, ImageExt};

use crate::docker::{self, Running};
use crate::process::{Home, Server, User, free_port, setting, wait_until, with_other_ports};
use crate::{Found, Result, skip, started};

const IMAGE: (&str, &str) = ("postgres", "17");
const START_LIMIT: Duration = Duration::from_secs(60);
/// PostgreSQL's immediate shutdown: no checkpoint, but its shared memory is given back.
const END_SIGNAL: &str = "QUIT";
/// Of a cluster that takes connections from this machine only and lives as long as a test.
const PASSWORD: &str = "only-for-tests";
/// Who may run the server in root's stead, in this order.
const USERS: [&str; 2] = ["streamguard-test", "postgres"];

/// A running PostgreSQL cluster; dropping it ends it and removes its data.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    cluster: Cluster,
}

#[derive(Debug)]
enum Cluster {
    Container(Running),
    Local { server: Server, programs: Programs },
}

/// Where PostgreSQL's programs are, and who runs them.
#[derive(Debug, Clone)]
struct Programs {
    bin: PathBuf,
    user: Option<User>,
}

impl Postgres {
    /// Starts a cluster and waits until it takes connections. `None`, after a `SKIP:` line, where a part
    /// is missing.
    ///
    /// # Panics
    /// Where the parts are there and it does not start, with its log; where a part is missing and
    /// `STREAMGUARD_TEST_REQUIRE=1`.
    pub fn start() -> Option<Self> {
        if docker::wanted(IMAGE) {
            return Some(started("PostgreSQL", Self::container()));
        }
        match find_programs() {
            Found::Ready(programs) => {
                let parent = std::env::temp_dir();
                Some(started("PostgreSQL", with_other_ports(|| Self::local(&programs, &parent))))
            }
            Found::Missing(what) => {
                skip(&what);
                None
            }
        }
    }

    /// The same with its data below a directory, which everybody may enter; never in a container.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn start_in(parent: &Path) -> Option<Self> {
        match find_programs() {
            Found::Ready(programs) => {
                Some(started("PostgreSQL", with_other_ports(|| Self::local(&programs, parent))))
            }
            Found::Missing(what) => {
                skip(&what);
                None
            }
        }
    }

    /// Starts a standby that streams from this cluster, on a port and data of its own. `None`, after a `SKIP:`
    /// line, of a cluster in a container.
    ///
    /// # Panics
    /// Where it does not start, with its log.
    pub fn standby(&self) -> Option<Self> {
        let Cluster::Local { programs, .. } = &self.cluster else {
            skip("PostgreSQL's server programs on this machine, for a standby");
            return None;
        };
        Some(started("PostgreSQL", with_other_ports(|| self.copied(programs))))
    }

    /// Makes a standby the primary, and waits until it takes rows.
    ///
    /// # Panics
    /// Where it is none.
    pub fn promote(&self) {
        assert_eq!(started("PostgreSQL", self.sql("SELECT pg_promote(true, 60)")).trim(), "t");
    }

    /// What the server has logged; empty of one in a container.
    pub fn log(&self) -> String {
        match &self.cluster {
            Cluster::Container(_) => String::new(),
            Cluster::Local { server, .. } => server.home().log(),
        }
    }

    /// Whether the process runs: a server whose disk is full may end itself.
    pub fn runs(&self) -> bool {
        match &self.cluster {
            Cluster::Container(_) => true,
            Cluster::Local { server, .. } => server.check_runs().is_ok(),
        }
    }

    /// The superuser's URL, database `postgres`.
    pub fn superuser_url(&self) -> String {
        self.url("postgres")
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database and returns the superuser's URL to it.
    ///
    /// # Panics
    /// Where the name is not of lower-case letters, digits and `_`, is taken, or the server refuses.
    pub fn create_database(&self, name: &str) -> String {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(!name.is_empty() && name.chars().all(plain), "not a plain database name: {name:?}");
        started("PostgreSQL", self.sql(&format!("CREATE DATABASE {name}")));
        self.url(name)
    }

    /// Ends the server at once, as a crash would: open transactions are gone, the next start recovers.
    ///
    /// # Panics
    /// Where it cannot be ended.
    pub fn stop_immediate(&self) {
        let done = match &self.cluster {
            Cluster::Container(container) => container.kill(),
            Cluster::Local { server, .. } => server.end(),
        };
        started("PostgreSQL", done);
    }

    /// Starts the server again on the same port and data, and waits until it takes connections.
    ///
    /// # Panics
    /// Where it does not come up, with its log.
    pub fn start_again(&self) {
        self.stop_immediate();
        let done = match &self.cluster {
            Cluster::Container(container) => container.start_again(),
            Cluster::Local { server, programs } => {
                spawn(server.home(), programs, self.port).map(|child| server.replace(child))
            }
        };
        started("PostgreSQL", done.and_then(|()| self.wait_ready()));
    }

    /// Runs SQL as the superuser by psql and returns its rows, unaligned, without headers.
    ///
    /// # Errors
    /// psql's own words.
    pub fn sql(&self, sql: &str) -> std::result::Result<String, String> {
        let url = |port| format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres");
        let flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql];
        match &self.cluster {
            Cluster::Container(container) => {
                container.exec(&[&["psql", url(5432).as_str()], flags.as_slice()].concat())
            }
            Cluster::Local { server, programs } => {
                let mut psql = Command::new(programs.bin.join("psql"));
                server.home().run("psql", programs.user, psql.arg(url(self.port)).args(flags))
            }
        }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    fn wait_ready(&self) -> Result<()> {
        wait_until(START_LIMIT, || {
            if let Cluster::Local { server, .. } = &self.cluster {
                server.check_runs()?;
            }
            Ok(self.sql("SELECT 1").is_ok())
        })
    }

    fn local(programs: &Programs, parent: &Path) -> Result<Self> {
        let home = Home::new_in(parent, "postgres", programs.user, END_SIGNAL)?;
        let password = home.path().join("password");
        fs::write(&password, PASSWORD).map_err(|e| format!("{}: {e}", password.display()))?;
        let mut initdb = Command::new(programs.bin.join("initdb"));
        initdb.args(["-D", "data", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync"]);
        initdb.args(["--auth=scram-sha-256", "--pwfile=password"]);
        home.run("initdb", programs.user, &mut initdb)?;
        Self::on(home, programs)
    }

    /// A standby's data is a copy of the primary's, with where to stream from (`-R`).
    fn copied(&self, programs: &Programs) -> Result<Self> {
        let home = Home::new("standby", programs.user, END_SIGNAL)?;
        let mut copy = Command::new(programs.bin.join("pg_basebackup"));
        copy.args(["-D", "data", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d"]);
        home.run("pg_basebackup", programs.user, copy.arg(self.superuser_url()))?;
        Self::on(home, programs)
    }

    /// The server of a home whose data is there.
    fn on(home: Home, programs: &Programs) -> Result<Self> {
        let port = free_port()?;
        let child = spawn(&home, programs, port)?;
        let server = Server::new(home, child, END_SIGNAL);
        let this = Self { port, cluster: Cluster::Local { server, programs: programs.clone() } };
        this.wait_ready()?;
        Ok(this)
    }

    fn container() -> Result<Self> {
        let (port, (name, tag)) = (free_port()?, IMAGE);
        let request = GenericImage::new(name, tag)
            .with_exposed_port(5432.tcp())
            .with_wait_for(WaitFor::Nothing)
            .with_mapped_port(port, 5432.tcp())
            .with_startup_timeout(START_LIMIT)
            .with_env_var("POSTGRES_PASSWORD", PASSWORD)
            .with_cmd(["postgres", "-c", "fsync=off"]);
        let this = Self { port, cluster: Cluster::Container(Running::start(request)?) };
        this.wait_ready()?;
        Ok(this)
    }
}

/// Starts the server on an initialised directory.
fn spawn(home: &Home, programs: &Programs, port: u16) -> Result<Child> {
    let port = port.to_string();
    let args = ["-D", "data", "-p", &port, "-c", "listen_addresses=127.0.0.1"];
    let quick = ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off"];
    let all: Vec<&OsStr> = args.iter().chain(&quick).map(OsStr::new).collect();
    home.spawn(programs.user, programs.bin.join("postgres").as_os_str(), &all)
}

fn find_programs() -> Found<Programs> {
    let Some(bin) = find_bin() else {
        return Found::Missing(
            "PostgreSQL's server programs (initdb, postgres, psql); on Debian: apt-get install postgresql, \
             or name their directory in STREAMGUARD_TEST_POSTGRES_BIN, or start Docker"
                .into(),
        );
    };
    if id(&["-u"]) != Some(0) {
        return Found::Ready(Programs { bin, user: None });
    }
    let user = USERS.iter().find_map(|name| Some(User { uid: id(&["-u", name])?, gid: id(&["-g", name])? }));
    match user {
        Some(user) => Found::Ready(Programs { bin, user: Some(user) }),
        None => Found::Missing(format!(
            "a user to run PostgreSQL as, which refuses root: none of {USERS:?} is there; useradd --system {}",
            USERS[0]
        )),
    }
}

/// The directory of initdb: named, or of the newest Debian package, or on the path.
fn find_bin() -> Option<PathBuf> {
    let named = setting("STREAMGUARD_TEST_POSTGRES_BIN").map(PathBuf::from);
    let packaged = || {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        let newest = versions.flatten().filter_map(|v| v.file_name().to_str()?.parse::<u32>().ok()).max()?;
        Some(Path::new("/usr/lib/postgresql").join(newest.to_string()).join("bin"))
    };
    let on_path = || std::env::split_paths(&std::env::var_os("PATH")?).find(|dir| complete(dir));
    named.or_else(|| packaged().filter(|dir| complete(dir))).or_else(on_path).filter(|dir| complete(dir))
}

fn complete(dir: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| dir.join(program).is_file())
}

fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
