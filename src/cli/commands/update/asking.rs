//! What a person hears of an update while it runs, and is asked.

use super::Update;
use crate::catalog::Catalog;
use crate::cli::ui::progress::Progress;
use crate::cycle::{Asker, Planned};
use crate::model::words::count;

/// The person at the terminal, if there is one.
pub(super) struct Asking<'a> {
    pub(super) update: &'a Update<'a>,
    pub(super) progress: &'a Progress<'a>,
}

impl Asker for Asking<'_> {
    fn read(&self, catalog: &Catalog) {
        self.update.tell_warnings(catalog);
    }

    fn gave_up(&self, series: usize) {
        let series = count(series, "series is", "series are");
        let note = format!("The rows of {series} given up and asked for anew.");
        self.update.shell.note(&note);
    }

    fn planned(&self, planned: &Planned, catalog: &Catalog) {
        self.update.tell_planned(planned, catalog);
    }

    fn stored(&self) {
        self.progress.end();
    }

    fn lets_rest(&self, series: usize) -> bool {
        let (args, shell) = (self.update.args, self.update.shell);
        let series = count(series, "series is", "series are");
        if !shell.may_ask(args.non_interactive || args.json) {
            shell.note(&format!(
                "{series} unknown to the source; --save-not-founds lets them rest for 30 days."
            ));
            return false;
        }
        let question = format!("{series} unknown to the source. Let them rest for 30 days?");
        shell.asks(&question)
    }
}
