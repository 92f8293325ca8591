//! Groups: partitions shared among members, given up before they are given to another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use broker::{Batch, Broker, Consumer, ErrorKind, Poll, TopicPartition, TopicSpec};

use crate::Case;
use crate::support::*;

pub(crate) const CASES: &[(&str, Case)] = &[
    ("two_members_share_co_partitioned_topics", two_members_share_co_partitioned_topics),
    ("a_member_that_leaves_frees_its_partitions", a_member_that_leaves_frees_its_partitions),
    ("a_member_may_hold_back_what_it_was_given", a_member_may_hold_back_what_it_was_given),
    ("nothing_is_lost_or_read_twice_over_a_rebalance", nothing_is_lost_or_read_twice_over_a_rebalance),
    ("members_in_threads_share_the_work", members_in_threads_share_the_work),
    ("subscribing_to_other_topics_rebalances", subscribing_to_other_topics_rebalances),
    ("a_topic_made_later_is_picked_up", a_topic_made_later_is_picked_up),
    ("a_group_is_deleted", a_group_is_deleted),
];

/// Polls both until each was given partitions and the two lists do not overlap; answers all revocations.
pub(crate) fn share(
    first: &mut Box<dyn Consumer>,
    second: &mut Box<dyn Consumer>,
) -> [Vec<TopicPartition>; 2] {
    let (mut batch, deadline) = (Batch::new(), Instant::now() + PATIENCE);
    let mut owned: [Option<Vec<TopicPartition>>; 2] = [None, None];
    loop {
        assert!(Instant::now() < deadline, "no common assignment came: {owned:?}");
        for (i, consumer) in [&mut *first, &mut *second].into_iter().enumerate() {
            match consumer.poll(&mut batch, Duration::from_millis(50)).unwrap() {
                Poll::Assign(partitions) => {
                    take(consumer, &partitions);
                    owned[i] = Some(partitions);
                }
                Poll::Revoke { partitions, .. } => {
                    consumer.unassign(&partitions).unwrap();
                    owned[i] = None;
                }
                Poll::Records | Poll::Idle => {}
            }
        }
        if let [Some(a), Some(b)] = &owned
            && !a.is_empty()
            && !b.is_empty()
        {
            assert!(a.iter().all(|p| !b.contains(p)), "{owned:?}");
            return [a.clone(), b.clone()];
        }
    }
}

fn two_members_share_co_partitioned_topics(log: &Arc<dyn Broker>) {
    let (left, right, group) = (topic(log, 3), topic(log, 3), unique("group"));
    let mut first = member(log, &group, &[&left, &right]);
    assert_eq!(await_assignment(&mut first).len(), 6);
    let mut second = member(log, &group, &[&left, &right]);
    let owned = share(&mut first, &mut second);
    assert_eq!(owned[0].len() + owned[1].len(), 6);
    for list in &owned {
        let numbers =
            |t: &str| list.iter().filter(|p| *p.topic == *t).map(|p| p.partition).collect::<Vec<_>>();
        assert_eq!(numbers(&left), numbers(&right), "{list:?}");
    }
}

fn a_member_that_leaves_frees_its_partitions(log: &Arc<dyn Broker>) {
    let (topic, group) = (topic(log, 2), unique("group"));
    let mut first = member(log, &group, &[&topic]);
    await_assignment(&mut first);
    let mut second = member(log, &group, &[&topic]);
    share(&mut first, &mut second);
    second.close().unwrap();
    assert_eq!(await_assignment(&mut first).len(), 2);
}

/// A member that is not ready to read takes no partition for now, and is told all the same what the group wants.
fn a_member_may_hold_back_what_it_was_given(log: &Arc<dyn Broker>) {
    let (input, group) = (topic(log, 2), unique("group"));
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &input, &["a", "b", "c"]);
    let mut first = member(log, &group, &[&input]);
    let given = await_assignment(&mut first);
    first.assign(&[]).unwrap();
    assert!(read_all(&mut first).is_empty());
    // What it holds back it may still take.
    take(&mut first, &given);
    assert_eq!(read(&mut first, 3).len(), 3);
    first.assign(&[]).unwrap();
    let mut second = member(log, &group, &[&input]);
    let (mut batch, deadline) = (Batch::new(), Instant::now() + PATIENCE);
    let revoked = loop {
        assert!(Instant::now() < deadline, "nothing was revoked");
        second.poll(&mut batch, Duration::from_millis(20)).unwrap();
        match first.poll(&mut batch, Duration::from_millis(20)).unwrap() {
            Poll::Revoke { partitions, lost } => {
                assert!(!lost);
                break partitions;
            }
            told => assert_eq!(told, Poll::Idle),
        }
    };
    assert_eq!(revoked.len(), 2);
    first.unassign(&revoked).unwrap();
    let owned = share(&mut first, &mut second);
    assert_eq!(owned.map(|owned| owned.len()), [1, 1]);
}

/// Two members commit what they read with every batch while a third record stream flows; each record is
/// seen once, although the second member joins in the middle.
fn nothing_is_lost_or_read_twice_over_a_rebalance(log: &Arc<dyn Broker>) {
    let (input, group) = (topic(log, 2), unique("group"));
    let mut producer = transactional(log, &unique("tx"));
    let mut seen: Vec<String> = Vec::new();
    let mut members = vec![(member(log, &group, &[&input]), transactional(log, &unique("tx")))];
    let (mut batch, deadline) = (Batch::new(), Instant::now() + PATIENCE);
    let total = 40;
    let mut produced = 0;
    while seen.len() < total {
        assert!(Instant::now() < deadline, "{} of {total} came", seen.len());
        if produced < total && (produced < 10 || !seen.is_empty()) {
            let value = produced.to_string();
            producer.begin().unwrap();
            let record = outgoing(&input, &value);
            producer.produce(&broker::Outgoing { partition: Some((produced % 2) as i32), ..record }).unwrap();
            producer.commit().unwrap();
            produced += 1;
        }
        if seen.len() >= 10 && members.len() == 1 {
            members.push((member(log, &group, &[&input]), transactional(log, &unique("tx"))));
        }
        for (consumer, commits) in &mut members {
            match consumer.poll(&mut batch, Duration::from_millis(20)).unwrap() {
                Poll::Records => {
                    let positions: Vec<_> = batch
                        .sources()
                        .iter()
                        .map(|p| offset(p, consumer.position(p).unwrap().unwrap(), ""))
                        .collect();
                    commits.begin().unwrap();
                    commits.send_offsets(&positions, &metadata(consumer)).unwrap();
                    commits.commit().unwrap();
                    seen.extend(batch.iter().map(|r| String::from_utf8_lossy(r.value.unwrap()).into_owned()));
                }
                Poll::Assign(partitions) => take(consumer, &partitions),
                Poll::Revoke { partitions, .. } => consumer.unassign(&partitions).unwrap(),
                Poll::Idle => {}
            }
        }
    }
    let mut numbers: Vec<usize> = seen.iter().map(|s| s.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..total), "{seen:?}");
}

/// Three threads, one of which leaves early, copy a topic to another, a transaction per batch: each record
/// arrives once.
fn members_in_threads_share_the_work(log: &Arc<dyn Broker>) {
    const TOTAL: usize = 600;
    let (input, output, group) = (topic(log, 4), topic(log, 1), unique("group"));
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for i in 0..3 {
            let (input, output, group, done) = (&input, &output, &group, &done);
            let share = if i == 0 { TOTAL / 6 } else { TOTAL };
            scope.spawn(move || copy(log, [input, output, group], done, share, TOTAL));
        }
        let mut producer = transactional(log, &unique("tx"));
        for from in (0..TOTAL).step_by(10) {
            producer.begin().unwrap();
            for i in from..from + 10 {
                let value = i.to_string();
                let record = broker::Outgoing { partition: Some((i % 4) as i32), ..outgoing(&input, &value) };
                producer.produce(&record).unwrap();
            }
            producer.commit().unwrap();
        }
    });
    let copied = read_partition(log, &partition(&output, 0));
    let mut numbers: Vec<usize> = values(&copied).into_iter().map(|v| v.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..TOTAL));
}

/// Copies until `total` records were copied by all, or `share` by this one.
fn copy(log: &Arc<dyn Broker>, names: [&str; 3], done: &AtomicUsize, share: usize, total: usize) {
    let [input, output, group] = names;
    let mut consumer = member(log, group, &[input]);
    let mut producer = transactional(log, &unique("tx"));
    let (mut batch, mut copied, deadline) = (Batch::new(), 0, Instant::now() + PATIENCE);
    while copied < share && done.load(Ordering::SeqCst) < total {
        assert!(Instant::now() < deadline, "{done:?} of {total} were copied");
        match consumer.poll(&mut batch, Duration::from_millis(50)).unwrap() {
            Poll::Records => {
                producer.begin().unwrap();
                for record in batch.iter() {
                    let value = std::str::from_utf8(record.value.unwrap()).unwrap();
                    producer.produce(&outgoing(output, value)).unwrap();
                }
                let next = |p| offset(p, consumer.position(p).unwrap().unwrap(), "");
                let positions: Vec<_> = batch.sources().iter().map(next).collect();
                producer.send_offsets(&positions, &metadata(&mut consumer)).unwrap();
                producer.commit().unwrap();
                copied += batch.len();
                done.fetch_add(batch.len(), Ordering::SeqCst);
            }
            Poll::Assign(partitions) => take(&mut consumer, &partitions),
            Poll::Revoke { partitions, lost } => {
                assert!(!lost);
                consumer.unassign(&partitions).unwrap();
            }
            Poll::Idle => {}
        }
    }
    consumer.close().unwrap();
}

fn subscribing_to_other_topics_rebalances(log: &Arc<dyn Broker>) {
    let (first, second, group) = (topic(log, 1), topic(log, 2), unique("group"));
    let mut consumer = member(log, &group, &[&first]);
    assert_eq!(await_assignment(&mut consumer), [partition(&first, 0)]);
    consumer.subscribe(&[first.clone(), second.clone()]).unwrap();
    let mut owned = await_assignment(&mut consumer);
    owned.sort();
    let mut expected = vec![partition(&first, 0), partition(&second, 0), partition(&second, 1)];
    expected.sort();
    assert_eq!(owned, expected);
}

fn a_topic_made_later_is_picked_up(log: &Arc<dyn Broker>) {
    let (present, later, group) = (topic(log, 1), unique("later"), unique("group"));
    let mut consumer = member(log, &group, &[&present, &later]);
    assert_eq!(await_assignment(&mut consumer), [partition(&present, 0)]);
    log.create_topics(&[TopicSpec::retained(later.as_str(), 1)]).unwrap();
    let mut owned = await_assignment(&mut consumer);
    owned.sort();
    assert_eq!(owned, [partition(&later, 0), partition(&present, 0)]);
}

fn a_group_is_deleted(log: &Arc<dyn Broker>) {
    let (topic, group) = (topic(log, 1), unique("group"));
    let of = partition(&topic, 0);
    let mut consumer = member(log, &group, &[&topic]);
    await_assignment(&mut consumer);
    consumer.commit(&[offset(&of, 0, "x")]).unwrap();
    let error = log.delete_group(&group).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    consumer.close().unwrap();
    log.delete_group(&group).unwrap();
    assert_eq!(committed(log, &group, &of), None);
    log.delete_group(&group).unwrap();
}
