//! New rules read another topic, and the group cannot be told of it at once.

use super::meddler::{Meddler, Trick};
use super::*;

/// A worker that has counted two payments takes over rules that join another topic, and this happens as it subscribes to it.
fn with(trick: Trick) -> World {
    let mut world = World::new();
    let meddler = Meddler::over(&world.broker);
    world.broker = meddler.clone();
    let set = world.publish(&[COUNTED]);
    world.start(set);
    world.send("payments", &[5, 6]);
    let set = world.publish(&[COUNTED, NAMED]);
    world.running.as_ref().unwrap().0.reload(set).unwrap();
    meddler.plan([trick]);
    world.running.as_mut().unwrap().1.step().unwrap();
    assert!(meddler.is_over());
    world
}

#[test]
fn a_subscription_that_failed_is_made_later() {
    let mut world = with(Trick::NoSubscription);
    world.try_to_work().unwrap();
    world.send("names", &[7]);
    world.send("payments", &[3]);
    let written = world.written();
    assert!(written.iter().any(|value| value.contains("named")), "{written:#?}");
}

/// Over what was aborted the position moves without a record.
#[test]
fn a_position_that_moved_under_the_name_of_new_rules_does_not_take_the_state_with_it() {
    let mut world = with(Trick::SlowSubscription);
    let config = ProducerConfig { transactional_id: Some("a test".to_owned()), ..ProducerConfig::default() };
    let mut producer = world.broker.producer(&config).unwrap();
    producer.begin().unwrap();
    let (key, value) = (Some(b"A".as_slice()), Some(br#"{"amount":1}"#.as_slice()));
    let record = Outgoing { topic: "payments", partition: None, key, value, timestamp: MINUTE, headers: &[] };
    producer.produce(&record).unwrap();
    producer.abort().unwrap();
    for _ in 0..3 {
        world.running.as_mut().unwrap().1.step().unwrap();
        world.clock.advance(Duration::from_millis(200));
    }
    world.die(false);
    let set = world.publish(&[COUNTED, NAMED]);
    world.start(set);
    world.send("payments", &[3]);
    let written = world.written();
    assert!(written.last().is_some_and(|value| value.contains(r#""N":3"#)), "{written:#?}");
}
