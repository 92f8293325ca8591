//! A dead letter that is larger than its topic takes.
//!
//! Enters: a record to produce. What holds: a record that was refused already does not end the run by its size: as
//! much of it is kept as the topic takes, and a header tells its whole length. Any other record that is too large is
//! an error, before anything of it is sent.

use broker::{ErrorKind, Outgoing, Producer};
use events::headers;

/// Parts of at most this size are left whole.
const WHOLE: usize = 1024;

/// Produces a record, a dead letter cut down where need be.
pub(super) fn produce(producer: &mut dyn Producer, record: &Outgoing<'_>) -> broker::Result<()> {
    match producer.produce(record) {
        Err(error) if error.kind() == ErrorKind::TooLarge && is_dead_letter(record) => {
            tracing::warn!(%error, "the dead letter is cut down");
            produce_cut(producer, record, error)
        }
        done => done,
    }
}

fn is_dead_letter(record: &Outgoing<'_>) -> bool {
    record.headers.iter().any(|(name, _)| *name == headers::DLQ_STAGE)
}

/// Halves what is large of it until it fits.
fn produce_cut(
    producer: &mut dyn Producer,
    record: &Outgoing<'_>,
    mut error: broker::Error,
) -> broker::Result<()> {
    let length = record.value.map_or(0, <[u8]>::len).to_string();
    let mut parts = record.headers.to_vec();
    // A letter that the task cut already has the length of its record's value.
    if !parts.iter().any(|(name, _)| *name == headers::DLQ_VALUE_LENGTH) {
        parts.push((headers::DLQ_VALUE_LENGTH, length.as_bytes()));
    }
    parts.retain(|(name, _)| *name != headers::DLQ_CUT);
    parts.push((headers::DLQ_CUT, b"key value headers"));
    let mut value = record.value;
    loop {
        let mut halved = value.as_mut().is_some_and(halve);
        for (_, part) in &mut parts {
            halved |= halve(part);
        }
        if !halved {
            return Err(error);
        }
        match producer.produce(&Outgoing { value, headers: &parts, ..*record }) {
            Err(e) if e.kind() == ErrorKind::TooLarge => error = e,
            done => return done,
        }
    }
}

fn halve(part: &mut &[u8]) -> bool {
    let is_large = part.len() > WHOLE;
    if is_large {
        *part = &part[..part.len() / 2];
    }
    is_large
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use broker::{Error, GroupMetadata, OffsetCommit};

    use super::*;

    /// Takes records of so many bytes.
    struct Small {
        limit: usize,
        taken: Vec<(usize, Vec<(String, usize)>)>,
    }

    impl Producer for Small {
        fn produce(&mut self, record: &Outgoing<'_>) -> broker::Result<()> {
            let value = record.value.map_or(0, <[u8]>::len);
            let headers: usize = record.headers.iter().map(|(_, value)| value.len()).sum();
            if value + headers > self.limit {
                return Err(Error::new(ErrorKind::TooLarge, "producing", "too large"));
            }
            let headers = record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.len()));
            self.taken.push((value, headers.collect()));
            Ok(())
        }

        fn begin(&mut self) -> broker::Result<()> {
            Ok(())
        }

        fn send_offsets(&mut self, _: &[OffsetCommit], _: &GroupMetadata) -> broker::Result<()> {
            Ok(())
        }

        fn commit(&mut self) -> broker::Result<()> {
            Ok(())
        }

        fn abort(&mut self) -> broker::Result<()> {
            Ok(())
        }

        fn flush(&mut self, _: Duration) -> broker::Result<()> {
            Ok(())
        }
    }

    fn record<'a>(value: &'a [u8], headers: &'a [(&'a str, &'a [u8])]) -> Outgoing<'a> {
        Outgoing { topic: "t", partition: None, key: None, value: Some(value), timestamp: 1, headers }
    }

    #[test]
    fn a_dead_letter_is_cut_until_it_fits_and_says_so() {
        let (value, key) = (vec![b'v'; 100_000], vec![b'k'; 50_000]);
        let headers: [(&str, &[u8]); 2] = [(headers::DLQ_STAGE, b"engine"), (headers::DLQ_KEY, &key)];
        let mut small = Small { limit: 20_000, taken: Vec::new() };
        produce(&mut small, &record(&value, &headers)).unwrap();
        let cut = |name: &str, length| (name.to_owned(), length);
        let expected =
            vec![cut("dlq.stage", 6), cut("dlq.key", 6_250), cut("dlq.value.length", 6), cut("dlq.cut", 17)];
        assert_eq!(small.taken, [(12_500, expected)]);
    }

    #[test]
    fn no_other_record_is_cut() {
        let value = vec![b'v'; 100_000];
        let mut small = Small { limit: 20_000, taken: Vec::new() };
        let error = produce(&mut small, &record(&value, &[("alert.id", b"1")])).unwrap_err();
        assert_eq!((error.kind(), small.taken.len()), (ErrorKind::TooLarge, 0));
    }
}
