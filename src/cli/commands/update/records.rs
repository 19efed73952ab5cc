//! What an update writes down of series that no commit has recorded, such as those of an older build.

use crate::catalog::Catalog;
use crate::ingest::RunReport;
use crate::inventory::{self, Portion};
use crate::model::StorageRequest;
use crate::update::UpdatePlan;
use crate::workspace::{Session, Workspace};

/// How much is looked at after each run.
const PORTION: Portion = Portion {
    files: 20_000,
    seconds: 2.0,
};

/// Writes down what lies of some series, now that all that was fetched is stored. What cannot be written down is told, and
/// changes nothing else.
pub(super) fn record_stored(
    workspace: &Workspace<'_>,
    plan: &UpdatePlan,
    report: &mut RunReport,
    catalog: &Catalog,
    session: Session<'_>,
) {
    let gone: Vec<StorageRequest> = plan.with_rows_gone().collect();
    let noted = inventory::note_healed(workspace, session, catalog, &gone)
        .and_then(|()| inventory::note_portion(workspace, session, catalog, PORTION));
    match noted {
        Ok(noted) => tracing::debug!(series = noted.series, files = noted.files, "recorded"),
        Err(error) => report
            .warnings
            .push(format!("what is stored could not be recorded: {error}")),
    }
}
