//! The topics of an installation: what is listed, what is made and refused, what is deleted.

use broker::{Cleanup, TopicSpec};
use engine::{Authority, Error, Installation, Options, TopicKind, clean, installation};

use crate::support::{Rules, Running, drain, eventually, memory, produce};
use crate::{BY_MERCHANT, HIGH, VELOCITY, burst};

fn unused(found: &Installation) -> Vec<&str> {
    found.topics.iter().filter(|topic| topic.unused).map(|topic| topic.name.as_str()).collect()
}

#[test]
fn what_no_rule_uses_any_more_is_deleted_and_nothing_else() {
    let broker = memory();
    let rules =
        Rules::new(&[("10_high.sql", HIGH), ("20_velocity.sql", VELOCITY), ("30_merchant.sql", BY_MERCHANT)]);
    let options = rules.options(None);
    let refused = clean(&*broker, &options, false).unwrap_err();
    assert!(matches!(refused, Error::Topic(_)), "nothing is known before rules are published: {refused}");
    // Of another group whose name begins alike, by its rule set; and of nobody.
    for other in
        ["streamguard-two-rule-set", "streamguard-two-x-changelog", "other-x-changelog", "streamguard-notes"]
    {
        broker.create_topics(&[TopicSpec::compacted(other, 1)]).unwrap();
    }
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    drain(&broker, options.clone()).unwrap();
    let found = installation(&*broker, &options).unwrap();
    assert_eq!((found.version, found.members, unused(&found)), (Some(1), 0, vec![]));
    let of = |name: &str| found.topics.iter().find(|topic| topic.name == name).unwrap();
    let transactions = of("transactions");
    assert_eq!(
        (transactions.kind, transactions.partitions, transactions.cleanup),
        (TopicKind::Input, Some(3), Some(Cleanup::Retain))
    );
    assert!(transactions.records.unwrap() >= 3);
    assert_eq!(transactions.used_by, ["HIGH_AMOUNT", "MERCHANT_VELOCITY", "VELOCITY"]);
    let moved = of("streamguard-transactions-by-merchant-repartition");
    assert_eq!(
        (moved.kind, &*moved.used_by),
        (TopicKind::Repartition, &["MERCHANT_VELOCITY".to_owned()][..])
    );
    let changelogs: Vec<_> = found.topics.iter().filter(|topic| topic.kind == TopicKind::Changelog).collect();
    let users: Vec<_> = changelogs.iter().flat_map(|topic| &topic.used_by).collect();
    assert_eq!(
        users,
        ["VELOCITY", "MERCHANT_VELOCITY"]
            .iter()
            .map(|s| (*s).to_owned())
            .collect::<Vec<_>>()
            .iter()
            .collect::<Vec<_>>(),
        "{changelogs:?}"
    );
    assert_eq!(of("streamguard-rule-set").kind, TopicKind::RuleSet);
    assert!(
        found.topics.iter().all(|topic| !topic.name.contains("two") && topic.name != "streamguard-notes")
    );

    std::fs::remove_file(rules.dir.path().join("30_merchant.sql")).unwrap();
    drain(&broker, options.clone()).unwrap();
    let found = installation(&*broker, &options).unwrap();
    let gone: Vec<String> = unused(&found).into_iter().map(str::to_owned).collect();
    assert_eq!(gone.len(), 2, "{gone:?}");
    assert!(gone.iter().all(|name| name.contains("merchant")), "{gone:?}");
    let engine = Running::start(&broker, Options { authority: Authority::Published, ..options.clone() });
    eventually("members", || installation(&*broker, &options).unwrap().members > 0);
    let refused = clean(&*broker, &options, false).unwrap_err().to_string();
    assert!(refused.contains("1 workers") && refused.contains("stop the engines"), "{refused}");
    engine.stop();
    let before = broker.topics().unwrap().len();
    assert_eq!(clean(&*broker, &options, false).unwrap(), gone);
    assert_eq!(broker.topics().unwrap().len(), before - 2);
    assert_eq!(clean(&*broker, &options, false).unwrap(), Vec::<String>::new());
    // The rule comes back, and begins anew.
    rules.write("30_merchant.sql", BY_MERCHANT);
    produce(&broker, &burst("B", &["t4"]));
    drain(&broker, options.clone()).unwrap();
    assert_eq!(unused(&installation(&*broker, &options).unwrap()), Vec::<&str>::new());
}

/// What a join moved lies in as many partitions as what it meets; where that one grew, equal keys never meet.
#[test]
fn a_moved_stream_with_too_few_partitions_is_refused() {
    let broker = memory();
    broker.create_topics(&[TopicSpec::compacted("merchants", 4)]).unwrap();
    let join = "CREATE TABLE merchants (merchant VARCHAR PRIMARY KEY, risk VARCHAR) \
        WITH (KAFKA_TOPIC='merchants', VALUE_FORMAT='JSON'); \
        CREATE STREAM risky WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT t.merchant, t.transaction_id, m.risk \
        FROM transactions t JOIN merchants m ON t.merchant = m.merchant;";
    let rules = Rules::new(&[("10_join.sql", join)]);
    drain(&broker, rules.options(None)).unwrap();
    broker.delete_topics(&["merchants".to_owned()]).unwrap();
    broker.create_topics(&[TopicSpec::compacted("merchants", 6)]).unwrap();
    let refused = drain(&broker, rules.options(None)).unwrap_err().to_string();
    assert!(refused.contains("has 4 partitions") && refused.contains("has 6"), "{refused}");
    assert!(refused.contains("delete") && refused.contains("-repartition"), "{refused}");
}
