//! The rules of a world: which there are, from which generation to which, and with which limits.
//!
//! Enters: random numbers. Leaves: the text of each generation, and for the oracle what it says. What holds: a
//! limit may change from one generation to the next and come back later, and so may most rules.

use engine::sql::SourceFile;

use crate::random::Random;

/// The kinds of rules; each has a topic of its own, or a name among the alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Filter,
    Tumbling,
    Hopping,
    Session,
    Final,
    /// The same, with windows that also close by the clock.
    Idle,
    /// An alert, then silence.
    Cooldown,
    /// An alert per key and window.
    First,
    /// A table that another query derives, and what is compared with it.
    Derived,
    /// Groups by another key than the topic's.
    Shop,
    /// A stream with a table, and a sum of what that gives.
    Joined,
    /// A stream with a stream, and their number.
    Pairs,
    /// A table with a table.
    Both,
    /// A table with a table, by a foreign key.
    Tiers,
    /// A stream with a broadcast table, by another key than the stream's.
    Rated,
}

/// Those that [`Program::draw`] chooses from.
const KINDS: [Kind; 13] = [
    Kind::Filter,
    Kind::Tumbling,
    Kind::Hopping,
    Kind::Session,
    Kind::Final,
    Kind::Cooldown,
    Kind::First,
    Kind::Derived,
    Kind::Shop,
    Kind::Joined,
    Kind::Pairs,
    Kind::Both,
    Kind::Tiers,
];

/// A rule with its limit in each generation, None where it is not there.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    pub(crate) limits: Vec<Option<i64>>,
}

/// All rules of a world.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) rules: Vec<Rule>,
    pub(crate) partitions: i32,
    pub(crate) generations: usize,
    /// Of the broadcast table's topic, where there is one.
    pub(crate) of_merchants: Option<i32>,
}

const SOURCES: &[(&str, &str)] = &[
    ("STREAM payments", "account VARCHAR KEY, id BIGINT, merchant VARCHAR, amount BIGINT"),
    ("TABLE profiles", "account VARCHAR PRIMARY KEY, version BIGINT, factor BIGINT, tier VARCHAR"),
    ("STREAM marks", "account VARCHAR KEY, mark BIGINT"),
    ("TABLE quotas", "account VARCHAR PRIMARY KEY, quota BIGINT"),
    ("TABLE tiers", "code VARCHAR PRIMARY KEY, bonus BIGINT"),
];

impl Kind {
    /// Limits that make some records pass and others not.
    fn limit(self, random: &mut Random) -> i64 {
        match self {
            Self::Filter | Self::Cooldown => random.within(0, 60),
            Self::Hopping => random.within(0, 120),
            Self::Tumbling | Self::Session | Self::Final | Self::First | Self::Shop => random.within(0, 3),
            Self::Idle
            | Self::Derived
            | Self::Joined
            | Self::Pairs
            | Self::Both
            | Self::Tiers
            | Self::Rated => 0,
        }
    }

    /// Whether it is there from the first generation to the last: what came before it would decide otherwise.
    fn stays(self) -> bool {
        matches!(self, Self::Shop | Self::Pairs | Self::Both | Self::Tiers)
    }

    fn text(self, limit: i64, generation: usize) -> String {
        match self {
            Self::Filter => format!("CREATE STREAM high AS SELECT account, id, amount FROM payments WHERE amount > {limit};"),
            Self::Tumbling => format!(
                "CREATE TABLE tum AS SELECT account, COUNT(*) AS n, SUM(amount) AS total, LATEST_BY_OFFSET(id) AS last \
                 FROM payments WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 5 SECONDS) GROUP BY account HAVING COUNT(*) > {limit};"
            ),
            Self::Hopping => format!(
                "CREATE TABLE hop AS SELECT account, SUM(amount) AS total FROM payments \
                 WINDOW HOPPING (SIZE 8 SECONDS, ADVANCE BY 4 SECONDS, GRACE PERIOD 6 SECONDS) GROUP BY account HAVING SUM(amount) > {limit};"
            ),
            Self::Session => format!(
                "CREATE TABLE ses AS SELECT account, COUNT(*) AS n, SUM(amount) AS total FROM payments \
                 WINDOW SESSION (3 SECONDS, GRACE PERIOD 6 SECONDS) GROUP BY account HAVING COUNT(*) > {limit};"
            ),
            Self::Final => format!(
                "CREATE TABLE fin AS SELECT account, COUNT(*) AS n, SUM(amount) AS total FROM payments \
                 WINDOW TUMBLING (SIZE 7 SECONDS, GRACE PERIOD 3 SECONDS) GROUP BY account HAVING COUNT(*) > {limit} EMIT FINAL;"
            ),
            Self::Idle => "--@idle: 2 SECONDS\nCREATE TABLE idl AS SELECT account, COUNT(*) AS n, SUM(amount) AS total FROM payments \
                 WINDOW TUMBLING (SIZE 7 SECONDS, GRACE PERIOD 3 SECONDS) GROUP BY account EMIT FINAL;"
                .into(),
            Self::Cooldown => format!(
                "--@severity: high\n--@cooldown: 8 SECONDS\nCREATE STREAM cool WITH (KAFKA_TOPIC='fraud_alerts') AS \
                 SELECT account, id, amount FROM payments WHERE amount > {limit};"
            ),
            Self::First => format!(
                "--@emit: first\nCREATE TABLE first WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account, COUNT(*) AS n, \
                 LATEST_BY_OFFSET(id) AS last FROM payments WINDOW TUMBLING (SIZE 12 SECONDS, GRACE PERIOD 5 SECONDS) \
                 GROUP BY account HAVING COUNT(*) > {limit};"
            ),
            Self::Derived => "CREATE TABLE usual AS SELECT account, COUNT(*) AS n, MAX(amount) AS top FROM payments GROUP BY account;\n\
                 CREATE STREAM compared AS SELECT p.account, p.id, u.n, u.top FROM payments p LEFT JOIN usual u ON p.account = u.account;"
                .into(),
            Self::Shop => format!(
                "CREATE TABLE shop AS SELECT merchant, COUNT(*) AS n, SUM(amount) AS total, {generation} AS gen FROM payments GROUP BY merchant;\n\
                 CREATE TABLE burst AS SELECT merchant, COUNT(*) AS n FROM payments \
                 WINDOW TUMBLING (SIZE 9 SECONDS, GRACE PERIOD 3 SECONDS) GROUP BY merchant HAVING COUNT(*) > {limit};"
            ),
            Self::Joined => "CREATE STREAM seen AS SELECT p.account, p.id, p.amount, f.version AS version FROM payments p \
                 LEFT JOIN profiles f ON p.account = f.account;\n\
                 CREATE TABLE seen_sum AS SELECT p.account AS account, COUNT(*) AS n, SUM(f.factor * p.amount) AS total \
                 FROM payments p JOIN profiles f ON p.account = f.account GROUP BY p.account;"
                .into(),
            Self::Pairs => "CREATE STREAM pairs AS SELECT p.account, p.id, m.mark FROM payments p \
                 JOIN marks m WITHIN 5 SECONDS GRACE PERIOD 1 DAY ON p.account = m.account;\n\
                 CREATE TABLE pair_count AS SELECT p.account AS account, COUNT(*) AS n FROM payments p \
                 JOIN marks m WITHIN 5 SECONDS GRACE PERIOD 1 DAY ON p.account = m.account GROUP BY p.account;"
                .into(),
            Self::Both => "CREATE TABLE both AS SELECT f.account AS account, f.version AS one, q.quota AS other FROM profiles f \
                 LEFT JOIN quotas q ON f.account = q.account;"
                .into(),
            Self::Tiers => "CREATE TABLE bonuses AS SELECT f.account AS account, f.version AS one, t.bonus AS other FROM profiles f \
                 JOIN tiers t ON f.tier = t.code;"
                .into(),
            Self::Rated => "CREATE STREAM rated AS SELECT p.merchant, p.id, m.rate FROM payments p \
                 LEFT JOIN merchants m ON p.merchant = m.merchant;"
                .into(),
        }
    }
}

impl Program {
    /// Up to five rules and up to three generations.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let partitions = random.within(1, 3) as i32;
        let generations = random.pick(&[1, 1, 2, 2, 3]);
        let (mut kinds, mut rules) = (KINDS.to_vec(), Vec::new());
        for _ in 0..1 + random.below(5) {
            let kind = kinds.remove(random.index(kinds.len()));
            let (mut from, mut to) = (0, generations);
            if !kind.stays() && generations > 1 && random.chance(4_000) {
                from = random.index(generations);
                to = from + 1 + random.index(generations - from);
            }
            let mut limit = kind.limit(random);
            let limits = (0..generations).map(|generation| {
                if random.chance(5_000) {
                    limit = kind.limit(random);
                }
                (from..to).contains(&generation).then_some(limit)
            });
            let mut limits: Vec<_> = limits.collect();
            if let [Some(first), away, Some(last)] = &mut limits[..]
                && !kind.stays()
                && random.chance(3_000)
            {
                *away = None;
                if random.chance(5_000) {
                    *last = *first;
                }
            }
            rules.push(Rule { kind, limits });
        }
        Self { rules, partitions, generations, of_merchants: None }
    }

    /// Gives some worlds a broadcast table and a rule that reads it. `random` is no other's, so the other worlds do not
    /// change by it.
    pub(crate) fn draw_broadcast(&mut self, random: &mut Random) {
        if !random.chance(2_000) {
            return;
        }
        self.of_merchants = Some(random.within(1, 3) as i32);
        let mut limits = vec![Some(0); self.generations];
        if random.chance(4_000) {
            limits.iter_mut().for_each(|limit| *limit = limit.filter(|_| random.chance(6_000)));
        }
        self.rules.push(Rule { kind: Kind::Rated, limits });
    }

    /// Some worlds have a rule more, whose windows also close by the clock: drawn apart, so that it changes no other world.
    pub(crate) fn with_idle(mut self, mut random: Random) -> Self {
        if random.chance(2_000) {
            self.rules.push(Rule { kind: Kind::Idle, limits: vec![Some(0); self.generations] });
        }
        self
    }

    /// Whether some of its stores never lie on disk.
    pub(crate) fn has_state_in_memory(&self) -> bool {
        let is_in_memory = |rule: &Rule| {
            matches!(rule.kind, Kind::Final | Kind::Idle | Kind::Cooldown | Kind::Pairs | Kind::Tiers)
        };
        self.rules.iter().any(is_in_memory)
    }

    /// Whether outputs that are written again are the same again, and the engine may do that: it does not read what it
    /// writes, and what a task knows does not depend on the order of its inputs.
    pub(crate) fn may_be_repeated(&self) -> bool {
        let reads_one = |rule: &Rule| {
            !matches!(
                rule.kind,
                Kind::Idle | Kind::Shop | Kind::Joined | Kind::Pairs | Kind::Both | Kind::Tiers | Kind::Rated
            )
        };
        self.generations == 1 && self.rules.iter().all(reads_one)
    }

    pub(crate) fn rule(&self, kind: Kind) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.kind == kind)
    }

    /// The files of a generation.
    pub(crate) fn files(&self, generation: usize) -> Vec<SourceFile> {
        let mut text = String::new();
        for (source, columns) in SOURCES {
            let topic = source.split(' ').next_back().unwrap_or_default();
            text.push_str(&format!(
                "CREATE {source} ({columns}) WITH (KAFKA_TOPIC='{topic}', VALUE_FORMAT='JSON', PARTITIONS={});\n",
                self.partitions
            ));
        }
        if let Some(partitions) = self.of_merchants {
            text.push_str(&format!(
                "--@broadcast: true\nCREATE TABLE merchants (merchant VARCHAR PRIMARY KEY, rate BIGINT) \
                 WITH (KAFKA_TOPIC='merchants', VALUE_FORMAT='JSON', PARTITIONS={partitions});\n"
            ));
        }
        // Says under which generation each record went through the task.
        text.push_str(&format!(
            "CREATE STREAM witness AS SELECT account, id, {generation} AS gen FROM payments;\n"
        ));
        let mut files = vec![SourceFile { name: "00_sources.sql".into(), text }];
        for rule in &self.rules {
            let Some(limit) = rule.limits[generation] else { continue };
            let name = format!("{:?}.sql", rule.kind).to_lowercase();
            files.push(SourceFile { name, text: rule.kind.text(limit, generation) });
        }
        files
    }
}
