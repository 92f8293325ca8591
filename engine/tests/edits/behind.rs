//! Workers whose rules are older than those that have been at work: they wait until they have taken these over.

use super::*;

#[test]
fn a_worker_that_is_behind_waits_for_the_rules_that_made_the_state() {
    let mut world = World::new();
    let old = world.publish(&[COUNTED]);
    let new = world.publish(&[COUNTED, FIRST]);
    world.start(new.clone());
    world.send("payments", &[5, 6, 3]);
    let written = world.written();
    assert_eq!(written.len(), 3, "{written:?}");
    world.die(false);
    world.start(old);
    world.send("payments", &[4]);
    assert_eq!(world.written(), written);
    world.running.as_ref().unwrap().0.reload(new).unwrap();
    world.try_to_work().unwrap();
    assert_eq!(world.written().len(), 4, "counted once more, and nothing fired again");
}

/// A rule without state.
fn plain(name: &str) -> String {
    format!(
        "CREATE STREAM {name} WITH (KAFKA_TOPIC='out') AS SELECT account, '{name}' AS rule, amount AS n FROM payments;"
    )
}

#[test]
fn a_worker_that_is_behind_leaves_what_newer_rules_without_state_have_begun() {
    // No checkpoint tells of them: only their commits do.
    let mut world = World::new();
    let old = world.publish(&[&plain("older")]);
    let new = world.publish(&[&plain("newer")]);
    world.start(new.clone());
    world.send("payments", &[5]);
    world.die(false);
    world.start(old);
    world.send("payments", &[6]);
    assert_eq!(world.written().len(), 1);
    world.running.as_ref().unwrap().0.reload(new).unwrap();
    world.try_to_work().unwrap();
    let written = world.written();
    assert!(written.len() == 2 && written.iter().all(|value| value.contains("newer")), "{written:#?}");
}

#[test]
fn a_worker_that_is_behind_leaves_a_checkpoint_that_newer_rules_made_of_the_state() {
    // They have committed nothing yet. What they do not know any more is not in their checkpoint.
    let mut world = World::new();
    let old = world.publish(&[COOL]);
    world.start(old.clone());
    world.send("payments", &[5]);
    world.die(false);
    let new = world.publish(&[&COOL.replace("amount > 0", "amount > 1")]);
    world.start(new.clone());
    world.try_to_work().unwrap();
    world.die(false);
    world.start(old);
    world.send("payments", &[6]);
    assert_eq!(world.written().len(), 1, "the cooldown lasts, or it is another rule's");
    world.running.as_ref().unwrap().0.reload(new).unwrap();
    world.try_to_work().unwrap();
    assert_eq!(world.written().len(), 2, "the new version remembers nothing");
}

#[test]
fn a_task_that_was_kept_does_not_go_on_behind_newer_rules_that_had_it_meanwhile() {
    // They have made a checkpoint of the same commit.
    let mut world = World::new();
    let old = world.publish(&[COOL, &plain("older")]);
    world.start(old);
    world.send("payments", &[5]);
    let new = world.publish(&[&COOL.replace("amount > 0", "amount > 1"), &plain("newer")]);
    let (clock, broker) = (world.clock.clone(), world.broker.clone());
    let options = Options { checkpoint_interval: Duration::from_secs(6_000), ..Options::default() };
    let engine = Engine::start(broker.clone(), options, new.clone(), "p1", clock.clone()).unwrap();
    let mut other = engine.worker(0).unwrap();
    let changelog = TopicPartition::new("streamguard-payments-cooldowns-changelog", 0);
    let checkpoint = || broker.committed("streamguard", std::slice::from_ref(&changelog)).unwrap();
    // What there was is given up in order; then its owner is silent until the group goes on without it.
    world.running.as_mut().unwrap().1.step().unwrap();
    let before = checkpoint();
    clock.advance(Duration::from_secs(400));
    for _ in 0..20 {
        other.step().unwrap();
        clock.advance(Duration::from_millis(100));
    }
    assert_ne!(checkpoint(), before);
    drop((other, engine));
    clock.advance(Duration::from_secs(400));
    world.send("payments", &[6]);
    assert_eq!(world.written().len(), 2);
    world.running.as_ref().unwrap().0.reload(new).unwrap();
    world.try_to_work().unwrap();
    let written = world.written();
    assert!(written.len() == 4 && written[1].contains("newer"), "{written:#?}");
}

/// Version 2 of the rules works, then their topic is deleted and the versions begin anew.
fn published_anew(rule: &str) -> World {
    let mut world = World::new();
    world.publish(&[COOL]);
    let set = world.publish(&[rule]);
    world.start(set);
    world.send("payments", &[5, 6]);
    world.die(true);
    let topics = world.broker.topics().unwrap().into_iter().map(|topic| topic.name);
    let sets: Vec<String> = topics.filter(|name| name.contains("rule")).collect();
    world.broker.delete_topics(&sets).unwrap();
    world.newest = 0;
    let set = world.publish(&[rule]);
    world.start(set);
    world
}

#[test]
fn versions_that_begin_anew_do_not_wait_for_those_of_a_topic_that_was_deleted() {
    let mut world = published_anew(&plain("one"));
    world.send("payments", &[7]);
    assert_eq!(world.written().len(), 3);
    // It waited for ever for the version that a checkpoint names.
    let error = published_anew(COUNTED).try_to_work().unwrap_err();
    assert!(error.to_string().contains("version 2 of the rules"), "{error}");
}
