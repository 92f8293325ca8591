#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! An entry against a map of windows, taken over from its changelog bytes at any point.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::plan::{Fingerprint, WindowKind, WindowPlan};
use crate::state::codec::{read_entry, write_entry};
use crate::types::aggregate::{Accumulator, Aggregate, Limits};
use crate::types::{DataType, Value};

const SIZE: i64 = 10;
const KEY: &[u8] = b"a key";

fn aggregate(name: &str, data_type: DataType) -> Aggregate {
    Aggregate::bind(name, &[data_type], &[None], Limits::default()).expect(name)
}

/// The functions of a frame: in place, in place or beside, always beside. All take a VARCHAR.
fn functions() -> [Aggregate; 3] {
    ["COUNT", "LATEST_BY_OFFSET", "COLLECT_LIST"].map(|name| aggregate(name, DataType::String))
}

fn tag(n: u8) -> Fingerprint {
    Fingerprint([n; 16])
}

/// A frame of tumbling windows with the functions of these numbers and firsts of these tags.
fn layout(frame: u8, calls: &[usize], firsts: &[u8]) -> FrameLayout {
    let window = WindowPlan { kind: WindowKind::Tumbling { size: SIZE }, grace: 2 * SIZE, idle: None };
    let calls = calls.iter().map(|n| (tag(100 + *n as u8), functions()[*n].clone())).collect();
    FrameLayout::new(tag(frame), Some(window), calls, firsts.iter().map(|n| tag(*n)).collect(), None)
}

/// What a window holds.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    time: i64,
    accumulators: Vec<Accumulator>,
    fired: bool,
}

type Model = [BTreeMap<i64, Expected>; 2];

#[derive(Debug, Clone)]
enum Step {
    /// A text of this length at this time, into a frame.
    Add(usize, i64, usize),
    /// Whatever has no place gets one.
    Settle,
    Fire(usize, i64),
    Expire(usize, i64),
    ExpireAll(i64),
    Stop,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (frame, time) = (0..2usize, 0..200i64);
    let step = prop_oneof![
        8 => (frame.clone(), time.clone(), prop_oneof![0..5usize, 15..26usize, 37..41usize])
            .prop_map(|(frame, time, len)| Step::Add(frame, time, len)),
        1 => (frame.clone(), time.clone()).prop_map(|(frame, time)| Step::Fire(frame, time)),
        2 => (frame, time.clone()).prop_map(|(frame, time)| Step::Expire(frame, time)),
        1 => time.prop_map(Step::ExpireAll),
        2 => Just(Step::Settle),
        1 => Just(Step::Stop),
    ];
    prop::collection::vec(step, 0..60)
}

fn start(time: i64) -> i64 {
    time / SIZE * SIZE
}

fn expire(model: &mut Model, frame: usize, now: i64) {
    model[frame].retain(|start, _| now < start + 3 * SIZE);
}

fn add(
    entry: &mut Entry,
    layouts: &[FrameLayout],
    model: &mut Model,
    (frame, time, len): (usize, i64, usize),
) {
    let (text, at) = ("x".repeat(len), start(time));
    let value = Value::str(&text);
    let mut window = entry.window_mut(layouts, frame, at);
    let fresh = || Expected {
        time: i64::MIN,
        accumulators: functions().iter().map(Aggregate::start).collect(),
        fired: false,
    };
    assert_eq!(window.is_new, !model[frame].contains_key(&at));
    let expected = model[frame].entry(at).or_insert_with(fresh);
    for (call, aggregate) in functions().iter().enumerate() {
        window.add(call, Some(&value)).unwrap();
        aggregate.add(&mut expected.accumulators[call], Some(&value)).unwrap();
    }
    window.reach(time);
    expected.time = expected.time.max(time);
}

fn compare(entry: &Entry, layouts: &[FrameLayout], model: &Model) {
    for (frame, expected) in entry.frames(layouts).zip(model) {
        assert_eq!(frame.windows().len(), expected.len());
        for (window, (start, expected)) in frame.windows().zip(expected) {
            assert_eq!((window.start(), window.time()), (*start, expected.time));
            assert_eq!(window.has_fired(0), expected.fired);
            for (call, aggregate) in functions().iter().enumerate() {
                assert_eq!(window.result(call), aggregate.result(&expected.accumulators[call]));
            }
        }
    }
    assert_eq!(entry.key(), KEY);
    assert_eq!(entry.is_empty(layouts.len()), model.iter().all(BTreeMap::is_empty));
}

fn written(entry: &Entry, layouts: &[FrameLayout]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_entry(&mut bytes, layouts, entry);
    bytes
}

proptest! {
    #[test]
    fn an_entry_behaves_as_a_map_of_windows(steps in steps()) {
        let layouts = [layout(1, &[0, 1, 2], &[50]), layout(2, &[0, 1, 2], &[51])];
        let (mut entry, mut model) = (Entry::new(KEY, 2, Width::default()), Model::default());
        for step in steps {
            match step {
                Step::Add(frame, time, len) => add(&mut entry, &layouts, &mut model, (frame, time, len)),
                Step::Fire(frame, time) => {
                    if let Some(expected) = model[frame].get_mut(&start(time)) {
                        entry.window_mut(&layouts, frame, start(time)).set_fired(0);
                        expected.fired = true;
                    }
                }
                Step::Expire(frame, now) => {
                    let before = model[frame].len();
                    expire(&mut model, frame, now);
                    prop_assert_eq!(entry.expire(&layouts, frame, now), model[frame].len() < before);
                }
                Step::ExpireAll(now) => {
                    (0..2).for_each(|frame| expire(&mut model, frame, now));
                    entry.drop_closed(&layouts, &[now, now]);
                }
                Step::Settle => {
                    entry.settle(&layouts);
                }
                Step::Stop => {
                    entry.settle(&layouts);
                    let bytes = written(&entry, &layouts);
                    let (read, whole) = read_entry(KEY, &bytes, &layouts).unwrap();
                    prop_assert!(whole);
                    prop_assert_eq!(written(&read, &layouts), bytes);
                    entry = read;
                }
            }
            compare(&entry, &layouts, &model);
        }
        (0..2).for_each(|frame| { entry.expire(&layouts, frame, i64::MAX - 1); });
        prop_assert!(entry.beside.is_empty(), "closed windows leave something beside");
    }

    #[test]
    fn damaged_entries_are_errors_or_entries(at in 0usize..600, byte: u8, cut in 0usize..600) {
        let layouts = [layout(1, &[0, 1, 2], &[50]), layout(2, &[0, 1, 2], &[51])];
        let (mut entry, mut model) = (Entry::new(KEY, 2, Width::default()), Model::default());
        for (frame, time, len) in [(0, 5, 3), (0, 15, 60), (1, 5, 0), (1, 35, 60)] {
            add(&mut entry, &layouts, &mut model, (frame, time, len));
        }
        let mut bytes = written(&entry, &layouts);
        if let Some(mine) = bytes.get_mut(at) {
            *mine = byte;
        }
        bytes.truncate(cut);
        if let Ok((read, _)) = read_entry(KEY, &bytes, &layouts) {
            // Whatever it holds can be read, written and dropped.
            for window in read.frames(&layouts).flat_map(Frame::windows) {
                (0..3).for_each(|call| { window.result(call); });
            }
            written(&read, &layouts);
        }
    }
}

/// The results of the calls of all windows of a frame, with their starts.
fn results(entry: &Entry, layouts: &[FrameLayout], frame: usize) -> Vec<(i64, Vec<Value<'static>>)> {
    let calls = layouts[frame].calls.len();
    let of =
        |window: Window<'_>| (window.start(), (0..calls).map(|i| window.result(i).into_owned()).collect());
    entry.frame(layouts, frame).windows().map(of).collect()
}

#[test]
fn other_rules_find_what_they_share() {
    let before = [layout(1, &[0, 1, 2], &[50, 60]), layout(2, &[0], &[])];
    let (mut entry, mut model) = (Entry::new(KEY, 2, Width::default()), Model::default());
    for (time, len) in [(5, 3), (15, 60)] {
        let layouts = [before[0].clone(), layout(2, &[0, 1, 2], &[])];
        add(&mut entry, &layouts, &mut model, (0, time, len));
    }
    entry.window_mut(&before, 0, 10).set_fired(1);
    entry.window_mut(&before, 1, 0);
    let bytes = written(&entry, &before);
    // The first frame alone: a call less, in another order, one that is new; a first less.
    let after = [layout(1, &[2, 0], &[60])];
    let (read, whole) = read_entry(KEY, &bytes, &after).unwrap();
    assert!(!whole);
    let list = |len: usize| Value::Array(vec![Value::String("x".repeat(len).into())].into());
    let one = Value::Bigint(1);
    assert_eq!(results(&read, &after, 0), [(0, vec![list(3), one.clone()]), (10, vec![list(60), one])]);
    let fired: Vec<_> = read.frame(&after, 0).windows().map(|window| window.has_fired(0)).collect();
    assert_eq!(fired, [false, true]);
    // And back: what was left out starts empty.
    let (back, whole) = read_entry(KEY, &written(&read, &after), &before).unwrap();
    assert!(whole);
    assert_eq!(results(&back, &before, 0)[1], (10, vec![Value::Bigint(1), Value::Null, list(60)]));
}

#[test]
fn entries_of_another_release_are_refused() {
    let layouts = [layout(1, &[0], &[])];
    let mut entry = Entry::new(KEY, 1, Width::default());
    entry.window_mut(&layouts, 0, 0);
    let mut bytes = written(&entry, &layouts);
    bytes[0] = 1;
    let error = read_entry(KEY, &bytes, &layouts).unwrap_err().to_string();
    assert!(error.contains("format version 1"), "{error}");
}

#[test]
fn an_entry_has_room_for_more_windows_than_narrow_heads_count() {
    const WINDOWS: i64 = 70_000;
    let layouts = [layout(1, &[0], &[50])];
    let mut entry = Entry::new(KEY, 1, Width::default());
    for n in 0..WINDOWS {
        entry.window_mut(&layouts, 0, n * SIZE).reach(n * SIZE + 3);
    }
    let seen: Vec<_> =
        entry.frame(&layouts, 0).windows().map(|window| (window.start(), window.time())).collect();
    assert_eq!(seen, (0..WINDOWS).map(|n| (n * SIZE, n * SIZE + 3)).collect::<Vec<_>>());
    assert_eq!(entry.key(), KEY);
    // All but the last two are closed, and their room is given back.
    assert!(entry.drop_closed(&layouts, &[WINDOWS * SIZE]));
    assert_eq!(entry.frame(&layouts, 0).windows().len(), 2);
    assert!(entry.size() < 200, "{} bytes", entry.size());
}
