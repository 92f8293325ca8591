//! A Kafka cluster of three nodes in KRaft mode, each broker and controller, each a process of its own.
//!
//! What enters: Kafka's jars and a Java runtime. What leaves: three nodes that answer on loopback ports, of which any
//! can be killed, stopped, continued and started again. What holds: every topic has a copy on each node and is written
//! while two are there, so one node less loses nothing and stops nothing; ports and data stay the same.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::kafka::{
    END_SIGNAL, START_LIMIT, class_path, find_jars, format_storage, ready_count, spawn, write_logging,
};
use crate::process::{Home, Server, free_port, signal, wait_until, with_other_ports};
use crate::{Found, Result, skip, started};

/// How many nodes.
const NODES: usize = 3;

/// What makes a test quick on three nodes: a node that does not answer is given up after seconds, sessions may be
/// short, and topics of the cluster's own have few partitions. The rest is what a production cluster has.
const SETTINGS: [(&str, &str); 23] = [
    ("process.roles", "broker,controller"),
    ("controller.listener.names", "CONTROLLER"),
    ("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"),
    ("default.replication.factor", "3"),
    ("min.insync.replicas", "2"),
    ("offsets.topic.replication.factor", "3"),
    ("offsets.topic.num.partitions", "3"),
    ("transaction.state.log.replication.factor", "3"),
    ("transaction.state.log.min.isr", "2"),
    ("transaction.state.log.num.partitions", "3"),
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "1000"),
    ("auto.create.topics.enable", "false"),
    ("log.cleaner.dedupe.buffer.size", "16777216"),
    ("log.cleaner.backoff.ms", "2000"),
    ("broker.session.timeout.ms", "4000"),
    ("broker.heartbeat.interval.ms", "500"),
    ("replica.lag.time.max.ms", "6000"),
    ("num.network.threads", "2"),
    ("num.io.threads", "4"),
    ("background.threads", "2"),
    ("num.recovery.threads.per.data.dir", "2"),
];

/// Three running nodes; dropping them ends them and removes their data.
#[derive(Debug)]
pub struct Cluster {
    bootstrap: String,
    libs: PathBuf,
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts the nodes and waits until all take requests. `None`, after a `SKIP:` line, where a part is missing.
    ///
    /// # Panics
    /// Where the parts are there and a node does not start, with its log; where a part is missing and
    /// `STREAMGUARD_TEST_REQUIRE=1`.
    pub fn start() -> Option<Self> {
        match find_jars() {
            Found::Ready(libs) => {
                Some(started("a Kafka of three nodes", with_other_ports(|| Self::start_once(&libs))))
            }
            Found::Missing(what) => {
                skip(&what);
                None
            }
        }
    }

    /// Where clients connect: the addresses of all nodes, separated by commas.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// How many nodes there are.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Ends a node by SIGKILL and waits until it is gone; its data stays.
    ///
    /// # Panics
    /// Where it cannot be ended.
    pub fn kill(&self, node: usize) {
        started("Kafka", self.nodes[node].end());
    }

    /// Starts a node again after [`Cluster::kill`], with the same data and ports; does not wait for it.
    ///
    /// # Panics
    /// Where its process cannot be started.
    pub fn launch(&self, node: usize) {
        let server = &self.nodes[node];
        let done = server.end().and_then(|()| spawn_node(server.home(), &self.libs));
        server.replace(started("Kafka", done));
    }

    /// How many times a node has said that it takes requests.
    pub fn starts(&self, node: usize) -> usize {
        ready_count(&self.nodes[node].home().log())
    }

    /// Waits until a node has said so more than `before` times.
    ///
    /// # Panics
    /// Where it does not come up, with its log.
    pub fn await_start(&self, node: usize, before: usize) {
        started("Kafka", wait_ready(&self.nodes[node], before));
    }

    /// Stops a node by SIGSTOP: its connections stay open and nothing answers.
    ///
    /// # Panics
    /// Where the signal cannot be sent.
    pub fn stop(&self, node: usize) {
        started("Kafka", signal(self.nodes[node].pid(), "STOP"));
    }

    /// Lets a stopped node go on.
    ///
    /// # Panics
    /// Where the signal cannot be sent.
    pub fn go_on(&self, node: usize) {
        started("Kafka", signal(self.nodes[node].pid(), "CONT"));
    }

    /// What a node has written so far.
    pub fn log(&self, node: usize) -> String {
        self.nodes[node].home().log()
    }

    /// Kafka's own command-line tools: the class is named as in `bin/kafka-*.sh`, with the cluster's address.
    pub fn tool(&self, class: &str) -> Command {
        tool(&self.libs, class, &self.bootstrap)
    }

    fn start_once(libs: &Path) -> Result<Self> {
        let ports = (0..2 * NODES).map(|_| free_port()).collect::<Result<Vec<_>>>()?;
        let (brokers, controllers) = ports.split_at(NODES);
        let address = |port: &u16| format!("127.0.0.1:{port}");
        let bootstrap = brokers.iter().map(address).collect::<Vec<_>>().join(",");
        let voters: Vec<_> =
            controllers.iter().enumerate().map(|(i, port)| format!("{}@{}", i + 1, address(port))).collect();
        let start = |node: usize| -> Result<Server> {
            let home = Home::new("kafka", None, END_SIGNAL)?;
            write_logging(&home)?;
            let listeners = format!(
                "PLAINTEXT://{},CONTROLLER://{}",
                address(&brokers[node]),
                address(&controllers[node])
            );
            write_properties(&home, node, &listeners, &voters.join(","))?;
            format_storage(&home, libs, &[])?;
            let child = spawn_node(&home, libs)?;
            Ok(Server::new(home, child, END_SIGNAL))
        };
        let nodes = thread::scope(|scope| {
            let threads: Vec<_> = (0..NODES).map(|node| scope.spawn(move || start(node))).collect();
            let join = |t: thread::ScopedJoinHandle<'_, Result<Server>>| {
                t.join().unwrap_or_else(|_| Err("starting a node panicked".into()))
            };
            threads.into_iter().map(join).collect::<Result<Vec<_>>>()
        })?;
        nodes.iter().try_for_each(|node| wait_ready(node, 0))?;
        Ok(Self { bootstrap, libs: libs.to_owned(), nodes })
    }
}

/// A tool of Kafka's, with a quiet log.
pub(crate) fn tool(libs: &Path, class: &str, bootstrap: &str) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=ERROR", "-cp"]);
    java.arg(class_path(libs)).arg(class).args(["--bootstrap-server", bootstrap]);
    java
}

fn spawn_node(home: &Home, libs: &Path) -> Result<std::process::Child> {
    spawn(home, libs, &["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
}

fn write_properties(home: &Home, node: usize, listeners: &str, voters: &str) -> Result<()> {
    let mut text: String = SETTINGS.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    text += &format!("node.id={}\nlisteners={listeners}\nadvertised.listeners={listeners}\n", node + 1);
    text += &format!("controller.quorum.voters={voters}\n");
    text += &format!("log.dirs={}\n", home.path().join("data").display());
    let path = home.path().join("node.properties");
    std::fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

fn wait_ready(server: &Server, before: usize) -> Result<()> {
    let limit: Duration = START_LIMIT;
    wait_until(limit, || {
        server.check_runs()?;
        Ok(ready_count(&server.home().log()) > before)
    })
}
