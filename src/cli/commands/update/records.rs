//! What an update writes down of series that no commit has recorded, such as those of an older build, and what it tells of records
//! that contradict the settings.

use crate::catalog::Catalog;
use crate::cli::ui::words::some_of;
use crate::ingest::RunReport;
use crate::inventory::{self, InventoryError, OtherBases, Portion};
use crate::model::StorageRequest;
use crate::update::UpdatePlan;
use crate::workspace::{Session, Workspace};

/// How much is looked at after each run.
const PORTION: Portion = Portion {
    files: 20_000,
    seconds: 2.0,
};

/// How many series of another basis are named.
const MOST_NAMED: usize = 5;

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
        .and_then(|()| inventory::note_portion(workspace, session, catalog, PORTION))
        .and_then(|noted| {
            tracing::debug!(series = noted.series, files = noted.files, "recorded");
            against_settings(workspace, session)
        });
    match noted {
        Ok(told) => report.warnings.extend(told),
        Err(error) => report
            .warnings
            .push(format!("what is stored could not be recorded: {error}")),
    }
}

/// Says whose prices stand on another basis than the settings say, as sentences without a period.
fn against_settings(
    workspace: &Workspace<'_>,
    session: Session<'_>,
) -> Result<Vec<String>, InventoryError> {
    let found = inventory::other_bases(workspace, session.fs)?;
    let told = found.into_iter().map(|other| {
        let OtherBases {
            venue,
            chosen,
            stored,
        } = other;
        let named = stored.iter().map(|(request, basis)| {
            let series = &request.series;
            format!("{series} ({})", basis.as_str())
        });
        let named = some_of(&named.collect::<Vec<_>>(), MOST_NAMED);
        format!(
            "{venue}: price_basis is {} in barkeep.toml, and bars that are stored keep the one they came with: {named}; \
             docs/files.md says how to store them anew",
            chosen.as_str()
        )
    });
    Ok(told.collect())
}
