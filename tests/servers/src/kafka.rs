//! One Apache Kafka node in KRaft mode, broker and controller in one process.
//!
//! What enters: Kafka's jars and a Java runtime, or a Docker daemon. What leaves: a node that answers on
//! a loopback port. What holds: ports and data stay the same over `kill` and `restart`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::{GenericImage, ImageExt};

use crate::cluster::tool;
use crate::docker::{self, Running};
use crate::process::{Home, Server, free_port, setting, signal, wait_until, with_other_ports};
use crate::{Found, Result, skip, started};

const IMAGE: (&str, &str) = ("apache/kafka", "4.2.0");
pub(crate) const START_LIMIT: Duration = Duration::from_secs(90);
/// A crash is what the tests want to see, and nothing is worth a tidy shutdown.
pub(crate) const END_SIGNAL: &str = "KILL";
/// What Kafka logs when it takes requests.
const READY: &str = "Kafka Server started";

/// What a single node needs, and what makes a test quick: no wait for further members of a group, few
/// partitions of the internal topics, transactions that time out are noticed within a second.
const NODE: [(&str, &str); 13] = [
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("controller.listener.names", "CONTROLLER"),
    ("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"),
    ("offsets.topic.replication.factor", "1"),
    ("offsets.topic.num.partitions", "4"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("transaction.state.log.num.partitions", "4"),
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("auto.create.topics.enable", "false"),
    ("log.cleaner.dedupe.buffer.size", "16777216"),
];

const LOGGING: &str = r#"<Configuration>
  <Appenders><Console name="out"><PatternLayout pattern="[%d] %p %m (%c)%n"/></Console></Appenders>
  <Loggers><Root level="info"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"#;

/// A running Kafka node; dropping it ends it and removes its data.
#[derive(Debug)]
pub struct Kafka {
    bootstrap: String,
    node: Node,
}

#[derive(Debug)]
enum Node {
    Container(Running),
    Local { server: Server, libs: PathBuf },
}

impl Kafka {
    /// Starts a node and waits until it takes requests. `None`, after a `SKIP:` line, where a part is missing.
    ///
    /// # Panics
    /// Where the parts are there and the node does not start, with its log; where a part is missing and
    /// `STREAMGUARD_TEST_REQUIRE=1`.
    pub fn start() -> Option<Self> {
        if docker::wanted(IMAGE) {
            return Some(started("Kafka", Self::container()));
        }
        match find_jars() {
            Found::Ready(libs) => Some(started("Kafka", Self::local(&libs))),
            Found::Missing(what) => {
                skip(&what);
                None
            }
        }
    }

    /// Where clients connect: `127.0.0.1:PORT`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The server's process id on this machine.
    ///
    /// # Panics
    /// Where Docker does not tell.
    pub fn pid(&self) -> u32 {
        match &self.node {
            Node::Container(container) => started("Kafka", container.pid()),
            Node::Local { server, .. } => server.pid(),
        }
    }

    /// Ends the node by SIGKILL and waits until it is gone; its data stays.
    ///
    /// # Panics
    /// Where it cannot be ended.
    pub fn kill(&self) {
        let done = match &self.node {
            Node::Container(container) => container.kill(),
            Node::Local { server, .. } => server.end(),
        };
        started("Kafka", done);
    }

    /// Stops the node by SIGSTOP: its connections stay open and nothing answers.
    ///
    /// # Panics
    /// Where the signal cannot be sent.
    pub fn stop(&self) {
        started("Kafka", signal(self.pid(), "STOP"));
    }

    /// Lets a stopped node go on.
    ///
    /// # Panics
    /// Where the signal cannot be sent.
    pub fn go_on(&self) {
        started("Kafka", signal(self.pid(), "CONT"));
    }

    /// One of Kafka's own command-line tools: the class is named as in `bin/kafka-*.sh`, with the node's address.
    /// `None`, after a `SKIP:` line, where Kafka's jars are missing.
    pub fn tool(&self, class: &str) -> Option<Command> {
        match find_jars() {
            Found::Ready(libs) => Some(tool(&libs, class, &self.bootstrap)),
            Found::Missing(what) => {
                skip(&what);
                None
            }
        }
    }

    /// Starts the node again after [`Kafka::kill`] (or ends it first), with the same data and ports.
    ///
    /// # Panics
    /// Where it does not come up, with its log.
    pub fn restart(&self) {
        self.kill();
        let done = match &self.node {
            Node::Container(container) => {
                let ready = ready_count(&container_log(container));
                container.start_again().and_then(|()| {
                    wait_until(START_LIMIT, || Ok(ready_count(&container_log(container)) > ready))
                })
            }
            Node::Local { server, libs } => {
                let ready = ready_count(&server.home().log());
                spawn(server.home(), libs, &SINGLE)
                    .map(|child| server.replace(child))
                    .and_then(|()| wait_ready(server, ready))
            }
        };
        started("Kafka", done);
    }

    fn local(libs: &Path) -> Result<Self> {
        with_other_ports(|| Self::local_once(libs))
    }

    fn local_once(libs: &Path) -> Result<Self> {
        let home = Home::new("kafka", None, END_SIGNAL)?;
        let bootstrap = format!("127.0.0.1:{}", free_port()?);
        let controller = format!("127.0.0.1:{}", free_port()?);
        write_logging(&home)?;
        let data = home.path().join("data");
        write(&home.path().join("node.properties"), &properties(&bootstrap, &controller, &data))?;
        format_storage(&home, libs, &["--standalone"])?;
        let child = spawn(&home, libs, &SINGLE)?;
        let server = Server::new(home, child, END_SIGNAL);
        wait_ready(&server, 0)?;
        Ok(Self { bootstrap, node: Node::Local { server, libs: libs.to_owned() } })
    }

    fn container() -> Result<Self> {
        let (port, (name, tag)) = (free_port()?, IMAGE);
        let bootstrap = format!("127.0.0.1:{port}");
        let mut request = GenericImage::new(name, tag)
            .with_exposed_port(9092.tcp())
            .with_wait_for(WaitFor::message_on_stdout(READY))
            .with_mapped_port(port, 9092.tcp())
            .with_startup_timeout(START_LIMIT)
            .with_env_var("KAFKA_HEAP_OPTS", "-Xmx512m")
            .with_env_var("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@localhost:9093");
        for (key, value) in NODE {
            request = request.with_env_var(format!("KAFKA_{}", key.replace('.', "_").to_uppercase()), value);
        }
        for (name, value) in inside(&bootstrap) {
            request = request.with_env_var(name, value);
        }
        Ok(Self { bootstrap, node: Node::Container(Running::start(request)?) })
    }
}

/// The listeners of a node in a container. It writes the ends of transactions to itself over the network, and the port
/// that clients outside are told leads nowhere inside: without a listener of its own no transaction ever ends.
fn inside(bootstrap: &str) -> [(&'static str, String); 4] {
    let map = "CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,PLAINTEXT:PLAINTEXT";
    [
        ("KAFKA_LISTENERS", "PLAINTEXT://:9092,CONTROLLER://:9093,INSIDE://:9094".to_owned()),
        ("KAFKA_ADVERTISED_LISTENERS", format!("PLAINTEXT://{bootstrap},INSIDE://localhost:9094")),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", map.to_owned()),
        ("KAFKA_INTER_BROKER_LISTENER_NAME", "INSIDE".to_owned()),
    ]
}

/// How a single node's Java runs.
const SINGLE: [&str; 1] = ["-Xmx512m"];

pub(crate) fn write_logging(home: &Home) -> Result<()> {
    write(&home.path().join("log4j2.xml"), LOGGING)
}

/// Formats the storage of the node whose properties are written.
pub(crate) fn format_storage(home: &Home, libs: &Path, how: &[&str]) -> Result<()> {
    let mut format = Command::new("java");
    format.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"]).arg(class_path(libs));
    format.args(["kafka.tools.StorageTool", "format"]).args(how);
    format.args(["--cluster-id", "c3RyZWFtZ3VhcmQtdGVzdA", "--config", "node.properties"]);
    home.run("formatting Kafka's storage", None, &mut format).map(|_| ())
}

/// Starts the formatted node.
pub(crate) fn spawn(home: &Home, libs: &Path, java: &[&str]) -> Result<Child> {
    let class_path = class_path(libs);
    let logging = "-Dlog4j2.configurationFile=log4j2.xml";
    let node = [logging, "-cp", &class_path, "kafka.Kafka", "node.properties"];
    let args: Vec<&OsStr> = java.iter().chain(&node).map(OsStr::new).collect();
    home.spawn(None, OsStr::new("java"), &args)
}

/// Waits until the log, which spans restarts, says once more than `before` that requests are taken.
fn wait_ready(server: &Server, before: usize) -> Result<()> {
    wait_until(START_LIMIT, || {
        server.check_runs()?;
        Ok(ready_count(&server.home().log()) > before)
    })
}

pub(crate) fn ready_count(log: &str) -> usize {
    log.matches(READY).count()
}

fn container_log(container: &Running) -> String {
    container.log().unwrap_or_default()
}

fn properties(bootstrap: &str, controller: &str, data: &Path) -> String {
    let mut text: String = NODE.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    text += &format!("listeners=PLAINTEXT://{bootstrap},CONTROLLER://{controller}\n");
    text += &format!("advertised.listeners=PLAINTEXT://{bootstrap},CONTROLLER://{controller}\n");
    text += &format!("controller.quorum.bootstrap.servers={controller}\n");
    text += &format!("log.dirs={}\n", data.display());
    text
}

pub(crate) fn class_path(libs: &Path) -> String {
    format!("{}/*", libs.display())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

/// Kafka's jars and a Java that runs them (17 or later).
pub(crate) fn find_jars() -> Found<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let libs =
        setting("STREAMGUARD_TEST_KAFKA_LIBS").map_or_else(|| root.join(".tools/kafka/libs"), PathBuf::from);
    if !libs.is_dir() {
        return Found::Missing(format!(
            "Apache Kafka's jars are not in {}; get them by scripts/install-kafka.sh (needs Maven), or name \
             their directory in STREAMGUARD_TEST_KAFKA_LIBS, or start Docker",
            libs.display()
        ));
    }
    let mut java = Command::new("java");
    java.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if java.status().is_ok_and(|status| status.success()) {
        return Found::Ready(libs);
    }
    Found::Missing(
        "a Java runtime (17 or later) for Kafka; on Debian: apt-get install default-jre-headless".into(),
    )
}
