#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use broker::ErrorKind;
use broker::embedded::Embedded;

use super::super::identity::Identity;
use super::super::restore::follows;
use super::*;
use crate::sql::SourceFile;

const GOOD: &str = "CREATE STREAM s (k VARCHAR KEY, v BIGINT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1); \
    CREATE STREAM t AS SELECT * FROM s;";

/// What an engine has that follows the first version of the rules; other versions are published then.
struct World {
    shared: Shared,
    reload: Reload,
}

impl World {
    fn new(dir: &std::path::Path) -> Self {
        std::fs::write(dir.join("rules.sql"), GOOD).unwrap();
        let broker: Arc<dyn Broker> = Embedded::in_memory();
        let clock: Arc<dyn Clock> = Arc::new(broker::SystemClock);
        let options =
            Options { rules: vec![dir.to_owned()], authority: Authority::Published, ..Options::default() };
        let (generation, reload) = start((&*broker, &*clock), &options, "a test").unwrap();
        let shared = Shared::new(broker, options, generation, Identity::given("p0"), clock).unwrap();
        Self { shared, reload }
    }

    fn publish(&mut self, text: &str, replaces: u64) {
        let rule_sets = topic((&*self.shared.broker, &*self.shared.clock), &self.shared.options);
        rule_sets.publish(&[SourceFile::new("rules.sql", text)], replaces, "another").unwrap();
    }

    /// Reads what is published, until it has heard of it.
    fn hear_of(&mut self, version: u64) {
        while self.reload.newest < version {
            self.reload.follow(&self.shared);
        }
    }
}

#[test]
fn newer_rules_are_waited_for_until_it_is_known_that_they_cannot_be_run_here() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let of = |world: &World, rules| follows(&world.shared, world.shared.current().number, rules);
    assert!(of(&world, 1).is_ok());
    // Nobody has published them: they are of a topic that is there no more.
    assert!(of(&world, 2).is_ok());
    world.publish("CREATE STREAM t AS SELECT A_FUNCTION_OF_LATER(v) FROM s;", 1);
    assert!(
        matches!(of(&world, 2), Err(Error::Broker(error)) if error.kind() == ErrorKind::Fenced),
        "not heard of yet: join anew"
    );
    world.hear_of(2);
    let error = of(&world, 2).unwrap_err();
    assert!(matches!(&error, Error::RuleSet(text) if text.contains("version 2")), "{error}");
    assert!(of(&world, 1).is_ok(), "the last good ones go on where nobody else was");
    world.publish(&GOOD.replace("t AS", "u AS"), 2);
    world.hear_of(3);
    assert!(world.shared.current().number == 3 && of(&world, 2).is_ok() && of(&world, 3).is_ok());
}
