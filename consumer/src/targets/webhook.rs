//! Targets that are reached by HTTP.
//!
//! What enters: a notification. What leaves: one POST and what its answer means. What holds: the signature
//! is over the time and the exact bytes of the body; a redirect is not followed, since the signature and the
//! body would go to somebody else; 408, 425, 429 and 5xx are tried again, other refusals are not.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use sha2::Sha256;

use super::secret::{Secret, Source};
use super::{Attempt, Notification};
use crate::error::{Error, Result};

/// The most of an answer that is kept as the reason.
const ANSWER: usize = 300;

/// Connections to all HTTP targets.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient(reqwest::Client);

impl HttpClient {
    pub(crate) fn new() -> Result<Self> {
        let wrong = |why: String| Error::Setting(format!("TLS for notifications cannot be set up: {why}"));
        let mut roots = rustls::RootCertStore::empty();
        // None is no error yet: targets on this machine need none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("streamguard/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map(Self)
            .map_err(|error| wrong(error.to_string()))
    }

    async fn post(&self, url: &str, headers: HeaderMap, body: Vec<u8>) -> Attempt {
        match self
            .0
            .post(url)
            .headers(headers)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
        {
            Ok(response) => judge(response).await,
            // The URL may hold a secret.
            Err(error) => Attempt::Later(chain(&error.without_url()), None),
        }
    }
}

/// A webhook as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookTable {
    url: String,
    secret: Option<Source>,
}

impl WebhookTable {
    pub(super) fn settle(self) -> std::result::Result<Webhook, String> {
        check(&self.url)?;
        Ok(Webhook { url: self.url, secret: self.secret.map(Source::read).transpose()? })
    }
}

/// A program that takes notifications as JSON.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    url: String,
    secret: Option<Secret>,
}

impl Webhook {
    pub(super) async fn send(&self, http: &HttpClient, notification: &Notification) -> Attempt {
        let Ok(body) = serde_json::to_vec(notification) else {
            return Attempt::Refused("the notification cannot be written as JSON".to_owned());
        };
        let timestamp = chrono::Utc::now().timestamp().to_string();
        let mut pairs = vec![
            ("idempotency-key", notification.idempotency_key.clone()),
            ("x-streamguard-timestamp", timestamp.clone()),
        ];
        if let Some(secret) = &self.secret {
            pairs.push(("x-streamguard-signature", format!("v1={}", signature(secret, &timestamp, &body))));
        }
        match headers(pairs) {
            Some(headers) => http.post(&self.url, headers, body).await,
            None => Attempt::Refused("the idempotency key cannot stand in an HTTP header".to_owned()),
        }
    }
}

/// A Slack webhook as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlackTable {
    url: Source,
}

impl SlackTable {
    pub(super) fn settle(self) -> std::result::Result<Slack, String> {
        let url = self.url.read()?;
        check(url.reveal())?;
        Ok(Slack { url })
    }
}

/// A chat that takes Slack's incoming webhooks. Whoever knows the URL may write: it is a secret.
#[derive(Debug, Clone)]
pub(crate) struct Slack {
    url: Secret,
}

impl Slack {
    pub(super) async fn send(&self, http: &HttpClient, notification: &Notification) -> Attempt {
        let body = notification.slack().to_string().into_bytes();
        http.post(self.url.reveal(), HeaderMap::new(), body).await
    }
}

/// HMAC-SHA256 over `TIMESTAMP.BODY`, in hexadecimal.
fn signature(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// None where a value has characters that a header cannot hold; they are percent-encoded first.
fn headers(pairs: Vec<(&'static str, String)>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value: String = value.chars().map(header_character).collect();
        headers.insert(name, value.parse().ok()?);
    }
    Some(headers)
}

fn header_character(c: char) -> String {
    match c {
        ' '..='~' => c.to_string(),
        other => other.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
    }
}

fn check(url: &str) -> std::result::Result<(), String> {
    // The text is not repeated: it may be a secret.
    let parsed = Url::parse(url).map_err(|error| format!("its url cannot be read: {error}"))?;
    match parsed.scheme() {
        "http" | "https" => Ok(()),
        _ => Err("its url does not begin with http:// or https://".to_owned()),
    }
}

async fn judge(response: Response) -> Attempt {
    let status = response.status();
    if status.is_success() {
        return Attempt::Done;
    }
    let wait = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(|seconds: u64| Duration::from_secs(seconds.min(86_400)));
    let why = format!("HTTP {status}: {}", beginning(response).await);
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Attempt::Later(why, wait)
        }
        _ if status.is_server_error() => Attempt::Later(why, wait),
        _ => Attempt::Refused(why),
    }
}

/// The first characters of an answer, which may be of any length.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            _ => break,
        }
    }
    bytes.truncate(ANSWER);
    String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).collect()
}

/// An error with what lies beneath it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// As `printf '1700000000.{}' | openssl dgst -sha256 -hmac Jefe` gives it.
    #[test]
    fn the_signature_is_hmac_sha256_over_time_and_body() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), "Jefe").unwrap();
        let secret = Source::File(path.path().to_owned()).read().unwrap();
        assert_eq!(signature(&secret, "1700000000", b"{}"), EXPECTED);
    }

    const EXPECTED: &str = "d3793e2b4103edfbd98cc19591832f5fad701d413db9fcae0ae7dab8184ed207";

    #[test]
    fn a_header_holds_any_key() {
        let headers = headers(vec![("idempotency-key", "notify:dësk:\n".to_owned())]).unwrap();
        assert_eq!(headers.get("idempotency-key").unwrap(), "notify:d%C3%ABsk:%0A");
    }
}
