//! What is written beside a commit and a checkpoint, so that a restore knows what belongs together.
//!
//! ```text
//! metadata of an input's offset       commit number, rule set, name of the task's work, who  Stamp
//! metadata of a changelog's offset    commit number, offset from which it counts, rule set   LogStamp
//! record [254] of a changelog         version, commit, rule set, work, positions by topic    Mark
//! ```
//!
//! The work is what the rules make of a task. A store whose rules went and came back finds that commits of other work
//! were made meanwhile: what it had is no longer what the inputs say, so it begins anew. A mark's rule set tells by which
//! rules the commits after it were made, should they have to be done once more; a commit's or a
//! changelog's keeps whoever has not heard of these rules yet from going on behind them. Who made a commit tells it
//! from one that another worker has made in its place, of the same records, which has the same number.

/// The key of the record that ends a checkpoint in a changelog. No row's key is this: a key begins with the tag of
/// a value, and [255] are the stream times.
pub(in super::super) const MARK_KEY: &[u8] = &[254];

/// The version that is written, and the only one that is read.
const VERSION: u8 = 2;

/// Beside an input's committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Stamp {
    /// The commit's number; 0 before the first.
    pub(in super::super) number: i64,
    /// The version of the rule set under which it was made.
    pub(in super::super) rules: u64,
    /// What its task does.
    pub(in super::super) work: String,
    /// The worker that made it.
    pub(in super::super) by: String,
}

impl Stamp {
    /// Reads what [`Stamp::text`] wrote; None where somebody else has committed.
    pub(in super::super) fn parse(metadata: &str) -> Option<Self> {
        let mut parts = metadata.splitn(4, ' ');
        let (number, rules) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let (work, by) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { number, rules, work, by })
    }

    /// As metadata.
    pub(in super::super) fn text(number: i64, rules: u64, work: &str, by: &str) -> String {
        format!("{number} {rules} {work} {by}")
    }
}

/// Beside a changelog's committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct LogStamp {
    /// The commit that the last checkpoint is of.
    pub(in super::super) number: i64,
    /// From which offset on the changelog counts: what is before is of a store that went.
    pub(in super::super) from: i64,
    /// The version of the rule set under which it was made.
    pub(in super::super) rules: u64,
}

impl LogStamp {
    /// Reads what [`LogStamp::text`] wrote.
    pub(in super::super) fn parse(metadata: &str) -> Option<Self> {
        let mut parts = metadata.splitn(3, ' ');
        let (number, from) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { number, from, rules: parts.next()?.parse().ok()? })
    }

    /// As metadata.
    pub(in super::super) fn text(self) -> String {
        format!("{} {} {}", self.number, self.from, self.rules)
    }
}

/// Ends a checkpoint in a changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Mark {
    /// The commit that it is of.
    pub(in super::super) number: i64,
    /// The version of the rule set under which it was made.
    pub(in super::super) rules: u64,
    /// What its task does.
    pub(in super::super) work: String,
    /// Where its task stood in its inputs.
    pub(in super::super) positions: Vec<(String, i64)>,
}

impl Mark {
    /// As a record's value.
    pub(in super::super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.rules.to_le_bytes());
        write_text(&mut out, &self.work);
        out.extend_from_slice(&(self.positions.len() as u32).to_le_bytes());
        for (topic, offset) in &self.positions {
            write_text(&mut out, topic);
            out.extend_from_slice(&offset.to_le_bytes());
        }
        out
    }

    /// Reads what [`Mark::encode`] wrote; None where it is something else.
    pub(in super::super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, mut rest) = bytes.split_first()? else { return None };
        let number = i64::from_le_bytes(read(&mut rest)?);
        let rules = u64::from_le_bytes(read(&mut rest)?);
        let work = read_text(&mut rest)?;
        let count = u32::from_le_bytes(read(&mut rest)?);
        let mut positions = Vec::new();
        for _ in 0..count {
            positions.push((read_text(&mut rest)?, i64::from_le_bytes(read(&mut rest)?)));
        }
        rest.is_empty().then_some(Self { number, rules, work, positions })
    }

    /// Where it stands in a topic.
    pub(in super::super) fn position(&self, topic: &str) -> Option<i64> {
        self.positions.iter().find(|(name, _)| name == topic).map(|(_, offset)| *offset)
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn read<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*bytes)
}

fn read_text(rest: &mut &[u8]) -> Option<String> {
    let len = u32::from_le_bytes(read(rest)?) as usize;
    let (text, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stamps_come_back_and_others_have_none() {
        let stamp = |number, rules, work: &str, by: &str| {
            Some(Stamp { number, rules, work: work.into(), by: by.into() })
        };
        assert_eq!(Stamp::parse(&Stamp::text(12, 3, "ab", "one 0")), stamp(12, 3, "ab", "one 0"));
        assert_eq!(Stamp::parse("7 1  a"), stamp(7, 1, "", "a"));
        for other in ["", "by hand", "x 1 a b", "7", "7 ab", "7 x ab c", "7 1 ab"] {
            assert_eq!(Stamp::parse(other), None);
        }
        let log = LogStamp { number: 3, from: 99, rules: 2 };
        assert_eq!(LogStamp::parse(&log.text()), Some(log));
        assert_eq!((LogStamp::parse("3"), LogStamp::parse("3 99")), (None, None));
    }

    #[test]
    fn a_mark_comes_back_and_nothing_else_is_one() {
        let positions = vec![("a".to_owned(), 5), ("b".to_owned(), 0)];
        let mark = Mark { number: 7, rules: 3, work: "x".into(), positions };
        let bytes = mark.encode();
        assert_eq!(Mark::decode(&bytes), Some(mark.clone()));
        assert_eq!((mark.position("a"), mark.position("c")), (Some(5), None));
        for end in 0..bytes.len() {
            assert_eq!(Mark::decode(&bytes[..end]), None);
        }
        // The position that releases before 1.0 wrote.
        assert_eq!(Mark::decode(&17i64.to_le_bytes()), None);
    }
}
