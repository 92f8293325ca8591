//! Groups as the whole log knows them: those with members, and those with committed offsets.

use std::collections::BTreeMap;

use super::keys;
use super::log::Log;
use super::storage::{Change, Direction, Table};
use crate::{ErrorKind, GroupInfo, Result};

impl Log {
    /// All groups by name.
    pub(super) fn groups(&self) -> Result<Vec<GroupInfo>> {
        let mut members: BTreeMap<String, usize> = BTreeMap::new();
        let (from, to) = (keys::OFFSETS, keys::OFFSETS_END);
        self.storage.scan(Table::Meta, from, to, Direction::Forward, &mut |key, _| {
            let name = String::from_utf8_lossy(keys::group_of_offset(key).unwrap_or_default());
            members.entry(name.into_owned()).or_default();
            true
        })?;
        let state = self.state();
        let active = state.groups.iter().map(|(name, group)| (name, group.len()));
        members.extend(active.filter(|(_, count)| *count > 0).map(|(name, count)| (name.clone(), count)));
        Ok(members.into_iter().map(|(name, members)| GroupInfo { name, members }).collect())
    }

    /// Deletes the offsets of a group without members.
    pub(super) fn delete_group(&self, group: &str) -> Result<()> {
        let _writing = self.writing()?;
        if !self.state().group(group, |g, _| g.is_empty()) {
            let message = "the group has members: stop them first";
            return Err(self.error(ErrorKind::Config, &format!("deleting group {group}"), message));
        }
        let from = keys::group(group);
        let to = [&from[..from.len() - 1], &[1]].concat();
        let mut changes = Vec::new();
        self.storage.scan(Table::Meta, &from, &to, Direction::Forward, &mut |key, _| {
            changes.push(Change::Remove(Table::Meta, key.to_vec()));
            true
        })?;
        self.state().groups.remove(group);
        self.write(changes)
    }
}
