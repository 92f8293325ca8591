//! Targets that are reached by e-mail.
//!
//! What enters: a notification. What leaves: one SMTP session and what its answers mean. What holds: TLS
//! unless the settings say otherwise, and never a password without it, except on this machine; the message
//! id follows from the idempotency key, so that a mail that comes twice is known as one.

use std::fmt::Write;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::secret::Source;
use super::{Attempt, Notification};

/// How long a command may take; the whole attempt is bounded by the target.
const COMMAND: Duration = Duration::from_secs(60);

/// A mail target as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailTable {
    server: String,
    port: Option<u16>,
    #[serde(default)]
    tls: Security,
    user: Option<String>,
    password: Option<Source>,
    from: String,
    to: Vec<String>,
}

/// How the connection is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Security {
    /// STARTTLS, or no mail.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// In the clear.
    None,
}

impl Security {
    fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// A mail server and who is written to.
#[derive(Clone)]
pub(crate) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport holds the password.
        f.debug_struct("Email").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl EmailTable {
    pub(super) fn settle(self) -> Result<Email, String> {
        let mailbox = |text: &str| {
            text.parse::<Mailbox>().map_err(|error| format!("{text:?} is no mail address: {error}"))
        };
        let here = ["localhost", "127.0.0.1", "::1"].contains(&self.server.as_str());
        if self.tls == Security::None && self.password.is_some() && !here {
            return Err("with tls = \"none\" the password would be sent in the clear".to_owned());
        }
        let parameters = || TlsParameters::new(self.server.clone()).map_err(|error| error.to_string());
        let tls = match self.tls {
            Security::Starttls => Tls::Required(parameters()?),
            Security::Implicit => Tls::Wrapper(parameters()?),
            Security::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.server.as_str())
            .port(self.port.unwrap_or(self.tls.port()))
            .timeout(Some(COMMAND))
            .tls(tls);
        builder = match (self.user, self.password) {
            (Some(user), Some(password)) => {
                builder.credentials(Credentials::new(user, password.read()?.reveal().to_owned()))
            }
            (None, None) => builder,
            _ => return Err("user and password go together".to_owned()),
        };
        if self.to.is_empty() {
            return Err("`to` names nobody".to_owned());
        }
        Ok(Email {
            transport: builder.build(),
            from: mailbox(&self.from)?,
            to: self.to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?,
        })
    }
}

impl Email {
    pub(super) async fn send(&self, notification: &Notification) -> Attempt {
        let message = match self.message(notification) {
            Ok(message) => message,
            Err(error) => return Attempt::Refused(format!("the mail cannot be written: {error}")),
        };
        match self.transport.send(message).await {
            Ok(_) => Attempt::Done,
            Err(error) if error.is_permanent() || error.is_client() => Attempt::Refused(error.to_string()),
            Err(error) => Attempt::Later(with_cause(&error), None),
        }
    }

    fn message(&self, notification: &Notification) -> Result<Message, lettre::error::Error> {
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(notification.subject())
            .message_id(Some(message_id(&notification.idempotency_key)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        builder.body(notification.text())
    }
}

fn message_id(idempotency_key: &str) -> String {
    let hash = Sha256::digest(idempotency_key.as_bytes());
    let mut id = "<".to_owned();
    for byte in hash.iter().take(16) {
        let _ = write!(id, "{byte:02x}");
    }
    id + "@streamguard>"
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn email(more: &str) -> Result<Email, String> {
        let text =
            format!("server = \"mail.example\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\n{more}");
        toml::from_str::<EmailTable>(&text).map_err(|error| error.to_string())?.settle()
    }

    #[test]
    fn a_password_never_goes_in_the_clear() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), "s3cret").unwrap();
        let login = format!("user = \"u\"\npassword = {{ file = {:?} }}\n", path.path());
        assert!(email(&format!("{login}tls = \"none\"")).unwrap_err().contains("in the clear"));
        assert!(!format!("{:?}", email(&login).unwrap()).contains("s3cret"));
        assert!(email("user = \"u\"").unwrap_err().contains("go together"));
    }
}
