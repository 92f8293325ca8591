//! Whom a notification can be sent to: the targets file.
//!
//! What enters: TOML, and the environment or files that it names for secrets. What leaves: checked
//! [`Target`]s by name. What holds: a key that nothing knows is refused; a secret is never in the file's own
//! text, in no message and in no `Debug`; the file is read once, so that a mistake is said at the start and
//! not when the first fraud is found.

mod mail;
mod message;
mod secret;
mod webhook;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, Result};
pub use message::Notification;
pub use secret::Secret;
pub(crate) use webhook::HttpClient;

/// Targets by the name that the policy calls them.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    by_name: BTreeMap<String, Target>,
}

/// Where a notification goes, and how patiently.
#[derive(Debug, Clone)]
pub struct Target {
    /// How it is reached.
    pub(crate) channel: Channel,
    /// The most attempts in any minute.
    pub(crate) rate_per_minute: u32,
    /// After a notification about an account, further ones of no higher severity are not sent for so long.
    pub(crate) quiet: Duration,
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
    /// After so many attempts it is given up.
    pub(crate) max_attempts: u32,
    /// The wait before the second attempt; doubled from then on.
    pub(crate) first_retry: Duration,
    /// The longest wait.
    pub(crate) longest_retry: Duration,
}

/// How a target is reached.
#[derive(Debug, Clone)]
pub(crate) enum Channel {
    Webhook(webhook::Webhook),
    Slack(webhook::Slack),
    Email(Box<mail::Email>),
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The target took it.
    Done,
    /// It may take it later; where it said when, not before that.
    Later(String, Option<Duration>),
    /// It will never take it.
    Refused(String),
}

impl Targets {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, a key is wrong or missing, or a secret that it names is not there.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::Setting(format!("the targets in {} cannot be read: {error}", path.display()))
        })?;
        Self::parse(&text).map_err(|why| Error::Setting(format!("the targets in {}: {why}", path.display())))
    }

    /// Reads TOML; secrets come from where it says.
    ///
    /// # Errors
    /// As for [`Targets::read`], in words.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let settle = |(name, table): (String, Table)| {
            let target = table.settle().map_err(|why| format!("target {name}: {why}"))?;
            Ok((name, target))
        };
        Ok(Self {
            by_name: file.targets.into_iter().map(settle).collect::<std::result::Result<_, String>>()?,
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Target)> {
        self.by_name.iter()
    }

    /// The quiet period of a target; none for one that is not known here.
    pub(crate) fn quiet(&self, name: &str) -> Duration {
        self.by_name.get(name).map_or(Duration::ZERO, |target| target.quiet)
    }
}

impl Target {
    /// Sends a notification once.
    pub(crate) async fn send(&self, http: &HttpClient, notification: &Notification) -> Attempt {
        let sending = async {
            match &self.channel {
                Channel::Webhook(webhook) => webhook.send(http, notification).await,
                Channel::Slack(slack) => slack.send(http, notification).await,
                Channel::Email(email) => email.send(notification).await,
            }
        };
        match tokio::time::timeout(self.timeout, sending).await {
            Ok(attempt) => attempt,
            Err(_) => Attempt::Later(format!("no answer within {} s", self.timeout.as_secs_f32()), None),
        }
    }
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    targets: BTreeMap<String, Table>,
}

/// A target as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    webhook: Option<webhook::WebhookTable>,
    slack: Option<webhook::SlackTable>,
    email: Option<mail::EmailTable>,
    #[serde(default = "rate_per_minute")]
    rate_per_minute: u32,
    #[serde(default = "quiet_minutes")]
    quiet_minutes: f64,
    #[serde(default = "timeout_seconds")]
    timeout_seconds: f64,
    #[serde(default = "max_attempts")]
    max_attempts: u32,
    #[serde(default = "first_retry_seconds")]
    first_retry_seconds: f64,
    #[serde(default = "longest_retry_seconds")]
    longest_retry_seconds: f64,
}

fn rate_per_minute() -> u32 {
    60
}

fn quiet_minutes() -> f64 {
    10.0
}

fn timeout_seconds() -> f64 {
    10.0
}

/// With the two below: about three hours.
fn max_attempts() -> u32 {
    20
}

fn first_retry_seconds() -> f64 {
    1.0
}

fn longest_retry_seconds() -> f64 {
    900.0
}

impl Table {
    fn settle(self) -> std::result::Result<Target, String> {
        let channel = match (self.webhook, self.slack, self.email) {
            (Some(table), None, None) => Channel::Webhook(table.settle()?),
            (None, Some(table), None) => Channel::Slack(table.settle()?),
            (None, None, Some(table)) => Channel::Email(Box::new(table.settle()?)),
            _ => return Err("exactly one of webhook, slack and email says how it is reached".to_owned()),
        };
        if self.rate_per_minute == 0 || self.max_attempts == 0 {
            return Err("rate_per_minute and max_attempts are at least 1".to_owned());
        }
        Ok(Target {
            channel,
            rate_per_minute: self.rate_per_minute,
            quiet: duration("quiet_minutes", self.quiet_minutes * 60.0)?,
            timeout: positive("timeout_seconds", self.timeout_seconds)?,
            max_attempts: self.max_attempts,
            first_retry: positive("first_retry_seconds", self.first_retry_seconds)?,
            longest_retry: positive("longest_retry_seconds", self.longest_retry_seconds)?,
        })
    }
}

fn duration(name: &str, seconds: f64) -> std::result::Result<Duration, String> {
    // A year: more is a typing mistake, and times are added to it.
    match (0.0..=31_536_000.0).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err(format!("{name} must lie between 0 and a year")),
    }
}

fn positive(name: &str, seconds: f64) -> std::result::Result<Duration, String> {
    match duration(name, seconds)? {
        Duration::ZERO => Err(format!("{name} must be above 0")),
        time => Ok(time),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Targets::parse(text).unwrap_err()
    }

    #[test]
    fn a_target_has_defaults_and_keeps_its_secret() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), "s3cret\n").unwrap();
        let file = format!(
            "[targets.desk]\nwebhook = {{ url = \"https://desk.example/h\", secret = {{ file = {:?} }} }}\n",
            path.path()
        );
        let targets = Targets::parse(&file).unwrap();
        let desk = targets.by_name.get("desk").unwrap();
        assert_eq!((desk.rate_per_minute, desk.max_attempts), (60, 20));
        assert_eq!(targets.quiet("desk"), Duration::from_secs(600));
        assert_eq!(targets.quiet("nobody"), Duration::ZERO);
        assert!(!format!("{targets:?}").contains("s3cret"));
    }

    #[test]
    fn mistakes_are_said_with_the_targets_name() {
        assert!(refused("[targets.x]\nrate_per_minute = 5").contains("target x: exactly one of"));
        assert!(refused("[targets.x]\nwebook = 5").contains("webook"));
        let url = |url: &str| format!("[targets.x]\nslack = {{ url = {url} }}\n");
        assert!(
            refused(&url("\"https://in.the/file\"")).contains("env"),
            "a secret does not stand in the file"
        );
        assert!(refused(&url("{ env = \"STREAMGUARD_NO_SUCH_VARIABLE\" }")).contains("STREAMGUARD_NO_SUCH"));
        assert!(refused(&url("{ file = \"/no/such/file\" }")).contains("/no/such/file"));
        let file = "[targets.x]\ntimeout_seconds = 0\nwebhook = { url = \"http://localhost/\" }";
        assert!(refused(file).contains("timeout_seconds"));
        assert!(refused("[targets.x]\nwebhook = { url = \"ftp://localhost/\" }").contains("http"));
    }
}
