//! An address that leads to one PostgreSQL server or to another, as a virtual IP does, and may be slow.

#![allow(dead_code, reason = "every test binary uses another part")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes that pass at once where it is slow.
const PIECE: usize = 1_024;

/// A TCP proxy on a loopback port; it lives as long as the process.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    server: u16,
    /// How long a piece waits.
    delay: Duration,
    open: Vec<TcpStream>,
    /// How many connections there have been, and how many of them say nothing any more.
    connections: usize,
    silenced: usize,
    is_silent: bool,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Mutex::new(Shared {
            server,
            delay: Duration::ZERO,
            open: Vec::new(),
            connections: 0,
            silenced: 0,
            is_silent: false,
        }));
        let of = Arc::clone(&shared);
        std::thread::spawn(move || {
            listener.incoming().map_while(Result::ok).for_each(|client| connect(client, &of));
        });
        Self { port, shared }
    }

    /// A URL of a server, through here.
    pub(crate) fn url(&self, url: &str) -> String {
        let server = self.shared.lock().unwrap().server;
        let through = url.replace(&format!(":{server}/"), &format!(":{}/", self.port));
        assert_ne!(through, url);
        through
    }

    /// Leads to another server from now on; open connections are cut.
    pub(crate) fn lead_to(&self, server: u16) {
        let mut shared = self.shared.lock().unwrap();
        shared.server = server;
        shared.open.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    /// From now on nothing passes and nothing is closed, as where a firewall drops packets.
    pub(crate) fn silence(&self) {
        let mut shared = self.shared.lock().unwrap();
        (shared.is_silent, shared.silenced) = (true, shared.connections);
    }

    /// New connections are led on again; the old ones say nothing for ever.
    pub(crate) fn speak(&self) {
        let mut shared = self.shared.lock().unwrap();
        (shared.is_silent, shared.silenced) = (false, shared.connections);
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.shared.lock().unwrap().connections
    }

    /// Every kilobyte waits so long from now on.
    pub(crate) fn slow(&self, delay: Duration) {
        self.shared.lock().unwrap().delay = delay;
    }
}

fn connect(client: TcpStream, shared: &Arc<Mutex<Shared>>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", shared.lock().unwrap().server)) else { return };
    let both = [client.try_clone().unwrap(), server.try_clone().unwrap()];
    let number = {
        let mut shared = shared.lock().unwrap();
        shared.open.extend(both);
        shared.connections += 1;
        shared.connections
    };
    for (from, to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
        let shared = Arc::clone(shared);
        std::thread::spawn(move || forward(from, to, number, &shared));
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, number: usize, shared: &Mutex<Shared>) {
    let mut buffer = [0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let (delay, is_silent) = {
            let shared = shared.lock().unwrap();
            (shared.delay, shared.is_silent || number <= shared.silenced)
        };
        if is_silent {
            // What is read is lost. The streams live on in `open`.
            continue;
        }
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
