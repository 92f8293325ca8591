//! Keys of windowed tables: the plain key's bytes, then the window.
//!
//! As Kafka Streams' `WindowKeySchema` and `SessionKeySchema` write them to a topic: a time window adds its
//! start, a session its end and then its start, each as 8 bytes big-endian, in milliseconds. A session's end is
//! inclusive. Partitions are chosen by the plain key alone.

/// A window on a key, in milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Its first millisecond.
    pub start: i64,
    /// Its end: exclusive for a time window, inclusive for a session.
    pub end: i64,
    /// Whether it is a session, which its start alone does not tell from others.
    pub session: bool,
}

impl Window {
    /// A tumbling or hopping window.
    pub fn time(start: i64, end: i64) -> Self {
        Self { start, end, session: false }
    }

    /// A session.
    pub fn session(start: i64, end: i64) -> Self {
        Self { start, end, session: true }
    }
}

/// A key's bytes are too short to hold its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a windowed key needs at least {needed} bytes, this one has {found}")]
pub struct WindowKeyError {
    /// How many bytes the window takes.
    pub needed: usize,
    /// How many there are.
    pub found: usize,
}

/// Appends a time window's start to a key that was written to `key`.
pub fn append_time(key: &mut Vec<u8>, start: i64) {
    key.extend_from_slice(&start.to_be_bytes());
}

/// Appends a session to a key that was written to `key`.
pub fn append_session(key: &mut Vec<u8>, window: Window) {
    key.extend_from_slice(&window.end.to_be_bytes());
    key.extend_from_slice(&window.start.to_be_bytes());
}

/// Appends the window in the form of its kind: rows of equal keys and windows have equal bytes.
pub(crate) fn append(key: &mut Vec<u8>, window: Window) {
    if window.session { append_session(key, window) } else { append_time(key, window.start) }
}

/// Takes a key apart: the plain key and its time window, `size` milliseconds long. As in Kafka Streams, a
/// window that would end after the last timestamp ends there.
///
/// # Errors
/// There are fewer than 8 bytes.
pub fn split_time(bytes: &[u8], size: i64) -> Result<(&[u8], Window), WindowKeyError> {
    let short = WindowKeyError { needed: 8, found: bytes.len() };
    let (key, start) = bytes.split_last_chunk::<8>().ok_or(short)?;
    let start = i64::from_be_bytes(*start);
    Ok((key, Window::time(start, start.saturating_add(size))))
}

/// Takes a key apart: the plain key and its session.
///
/// # Errors
/// There are fewer than 16 bytes.
pub fn split_session(bytes: &[u8]) -> Result<(&[u8], Window), WindowKeyError> {
    let short = WindowKeyError { needed: 16, found: bytes.len() };
    let (rest, start) = bytes.split_last_chunk::<8>().ok_or(short)?;
    let (key, end) = rest.split_last_chunk::<8>().ok_or(short)?;
    Ok((key, Window::session(i64::from_be_bytes(*start), i64::from_be_bytes(*end))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_come_back() {
        let mut key = b"acc".to_vec();
        append_time(&mut key, 60_000);
        assert_eq!(key, b"acc\x00\x00\x00\x00\x00\x00\xea\x60");
        assert_eq!(split_time(&key, 60_000), Ok((&b"acc"[..], Window::time(60_000, 120_000))));
        let mut key = Vec::new();
        let window = Window::session(-5, 7);
        append_session(&mut key, window);
        assert_eq!(key[..8], 7i64.to_be_bytes());
        assert_eq!(split_session(&key), Ok((&b""[..], window)));
        assert_eq!(split_session(&key[1..]), Err(WindowKeyError { needed: 16, found: 15 }));
        assert_eq!(split_time(b"x", 1), Err(WindowKeyError { needed: 8, found: 1 }));
        assert_eq!(split_time(&i64::MAX.to_be_bytes(), 10).map(|(_, w)| w.end), Ok(i64::MAX));
    }
}
