//! Commands in messages, so that they can be pasted into a shell as they stand.
//!
//! Promises: a function of text. Whoever writes a message names a command as for a shell that stands in the workspace; where
//! the reader's stands elsewhere, each gets the option that leads there.

use serde::Serialize;
use serde_json::Value;

/// What a command in a text begins with.
const PROGRAM: &str = "barkeep ";

/// Where the reader's shell does not stand.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Elsewhere {
    /// `-C` with the workspace, quoted.
    option: String,
    /// The names of all commands: not every word behind `barkeep` is one.
    commands: Vec<String>,
}

impl Elsewhere {
    /// Returns the option of a workspace, with the commands that take it.
    pub(in crate::cli) fn new(workspace: &str, commands: Vec<String>) -> Self {
        Self {
            option: format!("-C {}", crate::model::words::quoted(workspace)),
            commands,
        }
    }

    /// Returns a message whose commands are of the workspace.
    pub(in crate::cli) fn located(&self, text: &str) -> String {
        let mut located = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(PROGRAM) {
            let (before, after) = rest.split_at(at + PROGRAM.len());
            located.push_str(before);
            if self.is_command(after) {
                located.push_str(&self.option);
                located.push(' ');
            }
            rest = after;
        }
        located.push_str(rest);
        located
    }

    /// Returns a document as JSON whose commands are of the workspace.
    pub(in crate::cli) fn document(&self, value: &impl Serialize) -> String {
        // Documents have no keys but texts, and so nothing that cannot be written.
        let text = serde_json::to_string(value).unwrap_or_default();
        // JSON writes these letters as they are: most events, of which a run has thousands, name no command.
        if !text.contains(PROGRAM) {
            return text;
        }
        let mut document = serde_json::to_value(value).unwrap_or_default();
        self.locate(&mut document);
        document.to_string()
    }

    fn locate(&self, document: &mut Value) {
        match document {
            Value::String(text) => *text = self.located(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.locate(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.locate(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn is_command(&self, text: &str) -> bool {
        let is_letter = |c: char| c.is_ascii_lowercase() || c == '-';
        let word = text.split(|c: char| !is_letter(c)).next();
        self.commands.iter().any(|name| word == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_lead_to_the_workspace_and_other_words_do_not() {
        let commands = ["update", "check", "partition-migrate"].map(str::to_owned);
        let elsewhere = Elsewhere::new("/srv/my bars", commands.into());

        for (text, expected) in [
            (
                "hint: fetch it: barkeep update --ticker A",
                "hint: fetch it: barkeep -C '/srv/my bars' update --ticker A",
            ),
            (
                "`barkeep check` names them; barkeep partition-migrate migrate moves them",
                "`barkeep -C '/srv/my bars' check` names them; barkeep -C '/srv/my bars' partition-migrate migrate moves them",
            ),
            (
                "an older barkeep put them there",
                "an older barkeep put them there",
            ),
            ("barkeep -C x update", "barkeep -C x update"),
            ("barkeep checks nothing", "barkeep checks nothing"),
            ("barkeep ", "barkeep "),
            ("", ""),
        ] {
            assert_eq!(elsewhere.located(text), expected);
        }
    }
}
