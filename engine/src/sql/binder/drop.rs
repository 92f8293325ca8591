//! DROP STREAM and DROP TABLE.
//!
//! What holds, as in ksqlDB: what a query still reads, or one besides its own still writes, stays; its own query
//! goes with it. A topic that another stream or table is on is not deleted.

use super::Binder;
use crate::plan::logical::LogicalQuery;
use crate::sql::Diagnostic;
use crate::sql::ast::{Ident, SourceKind};

impl Binder {
    /// Forgets a stream or table.
    pub(super) fn drop_source(
        &mut self,
        kind: SourceKind,
        name: &Ident,
        delete_topic: bool,
    ) -> Result<(), Diagnostic> {
        let entry = self.source(name)?;
        let is_table = entry.source.is_table;
        if is_table != (kind == SourceKind::Table) {
            let (actual, word) = if is_table { ("table", "TABLE") } else { ("stream", "STREAM") };
            let message = format!("{} is a {actual}", name.name);
            return Err(Diagnostic::error("result_type", name.span, message)
                .note(entry.declared, "made here")
                .hint(format!("DROP {word} {}", name.name)));
        }
        let readers = self.queries.iter().filter(|q| q.reads(&name.name));
        self.refuse_while_used(name, readers, "read it", "drop what they make first")?;
        let own = usize::from(entry.source.derived_by.is_some());
        let writers = self.queries.iter().filter(|q| q.sink.name == name.name).skip(own);
        self.refuse_while_used(name, writers, "write to it", "take them out first")?;
        if delete_topic {
            self.check_delete_topic(name)?;
        }
        self.catalog.remove(&name.name);
        self.texts.remove(&name.name);
        self.queries.retain(|q| q.sink.name != name.name);
        Ok(())
    }

    fn refuse_while_used<'q>(
        &self,
        name: &Ident,
        queries: impl Iterator<Item = &'q LogicalQuery>,
        what: &str,
        hint: &str,
    ) -> Result<(), Diagnostic> {
        let ids: Vec<&str> = queries.map(|q| q.id.as_str()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let ids = ids.join(", ");
        let message = format!("{} cannot be dropped: these queries {what}: {ids}", name.name);
        Err(Diagnostic::error("in_use", name.span, message).hint(hint))
    }

    fn check_delete_topic(&self, name: &Ident) -> Result<(), Diagnostic> {
        let entry = self.source(name)?;
        if entry.read_only {
            let message = format!("{} is declared as a SOURCE: its topic is not deleted", name.name);
            return Err(Diagnostic::error("in_use", name.span, message).hint("leave out DELETE TOPIC"));
        }
        let topic = &entry.source.topic;
        let sources = self.catalog.sources();
        match sources.values().find(|other| other.topic == *topic && other.name != name.name) {
            Some(other) => {
                let message = format!("the topic {topic} is not deleted: {} is on it, too", other.name);
                Err(Diagnostic::error("in_use", name.span, message).hint("leave out DELETE TOPIC"))
            }
            None => Ok(()),
        }
    }
}
