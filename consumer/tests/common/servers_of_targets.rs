//! An HTTP and an SMTP server on loopback that do as they are told and keep what they got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) at: Instant,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What a server answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    /// 429 with `Retry-After` in seconds.
    Busy(u32),
    /// Nothing, until the client gives up.
    Silence,
}

/// A server and what it got.
pub(crate) struct Http {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Http {
    /// Answers the n-th request as `script` says.
    pub(crate) fn start(script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, kept) = (Arc::new(script), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, kept) = (Arc::clone(&script), Arc::clone(&kept));
                std::thread::spawn(move || serve_http(stream, script.as_ref(), &kept));
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve_http(stream: TcpStream, script: &dyn Fn(usize) -> Answer, kept: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap();
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(Request { at: Instant::now(), path, headers, body });
        kept.len() - 1
    };
    let mut stream = stream;
    let answer = |status: u16, more: &str| {
        format!("HTTP/1.1 {status} Word\r\nContent-Length: 4\r\nConnection: close\r\n{more}\r\nbody")
    };
    let text = match script(number) {
        Answer::Status(status) => answer(status, ""),
        Answer::Busy(seconds) => answer(429, &format!("Retry-After: {seconds}\r\n")),
        Answer::Silence => {
            // Until the client has gone.
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes());
}

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
    /// What AUTH PLAIN brought, decoded; empty without it.
    pub(crate) login: String,
}

/// A mail server that speaks RFC 5321 as far as a client of one mail needs it, with AUTH PLAIN.
pub(crate) struct Smtp {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl Smtp {
    /// `refuse`: the answer to the n-th DATA, where it is not to be taken.
    pub(crate) fn start(refuse: impl Fn(usize) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        std::thread::spawn(move || {
            let mut number = 0;
            // One after the other: the number of a DATA is its order.
            for stream in listener.incoming().map_while(Result::ok) {
                serve_smtp(stream, &refuse, &mut number, &kept);
            }
        });
        Self { port, mails }
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

fn serve_smtp(
    mut stream: TcpStream,
    refuse: &dyn Fn(usize) -> Option<&'static str>,
    number: &mut usize,
    kept: &Mutex<Vec<Mail>>,
) {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut mail = Mail::default();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say("220 test ESMTP");
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((line, ""));
        let address = || rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let alive = match verb.to_uppercase().as_str() {
            "EHLO" => say("250-test") && say("250-8BITMIME") && say("250 AUTH PLAIN"),
            "AUTH" => {
                mail.login = decoded(rest.rsplit(' ').next().unwrap_or_default());
                say("235 welcome")
            }
            "MAIL" => {
                mail.from = address();
                say("250 fine")
            }
            "RCPT" => {
                mail.to.push(address());
                say("250 fine")
            }
            "DATA" => {
                say("354 go on");
                mail.data = until_the_dot(&mut reader);
                let refused = refuse(*number);
                *number += 1;
                let taken = std::mem::take(&mut mail);
                match refused {
                    Some(answer) => say(answer),
                    None => {
                        kept.lock().unwrap().push(taken);
                        say("250 taken")
                    }
                }
            }
            "NOOP" | "RSET" => say("250 fine"),
            "QUIT" => {
                say("221 bye");
                return;
            }
            _ => say("502 what"),
        };
        if !alive {
            return;
        }
    }
}

fn until_the_dot(reader: &mut impl BufRead) -> String {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == ".\r\n" {
            return data;
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Base64, as far as a test needs it.
fn decoded(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        bits = bits << 6 | ALPHABET.iter().position(|known| *known == byte).unwrap() as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
