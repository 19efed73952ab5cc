//! What is found on a disk on which the folder of one series is or was bad, and whether it may be so.

use super::*;

pub(super) fn names(registry: &[u8]) -> BTreeSet<String> {
    let text = std::str::from_utf8(registry).unwrap();
    text.split_whitespace().map(str::to_owned).collect()
}

/// What is found on a disk.
pub(super) struct Found(BTreeMap<PathBuf, Vec<u8>>);

impl Found {
    pub(super) fn on(fs: &SimFs) -> Self {
        Self(fs.snapshot())
    }

    pub(super) fn read(&self, path: &Path) -> Option<&[u8]> {
        let path = path.strip_prefix("/").unwrap_or(path);
        self.0.get(path).map(Vec::as_slice)
    }

    /// Tells whether the ledger knows a file of a ticker.
    pub(super) fn has_line(&self, ticker: &str) -> bool {
        let name = format!("\"stocks_1d/ticker={ticker}\"");
        let mut ledger = self.0.iter().filter(|(path, _)| path.starts_with(LEDGER));
        ledger.any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(&name))
    }

    pub(super) fn is_new(&self, ticker: &str) -> bool {
        let is_there = |at: (i32, u32)| self.read(&month(ticker, at)) == Some(&new(ticker, at.0));
        MONTHS.into_iter().all(is_there)
    }

    pub(super) fn staged(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        let all = self.0.iter();
        all.filter(|(path, _)| path.starts_with(STAGING))
            .map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    pub(super) fn is_in_a_journal(&self, ticker: &str) -> bool {
        let name = format!("ticker={ticker}");
        self.staged().any(|(path, bytes)| {
            path.ends_with("journal") && String::from_utf8_lossy(bytes).contains(&name)
        })
    }

    pub(super) fn has_staged_rows(&self, ticker: &str) -> bool {
        let name = format!("/ticker={ticker}/");
        self.staged()
            .any(|(path, _)| path.to_string_lossy().contains(&name))
    }

    pub(super) fn check_whole_files(&self) -> Result<(), String> {
        for ticker in [GOOD, BAD] {
            for (at, old) in MONTHS.into_iter().zip([Some(OLD), None]) {
                let found = self.read(&month(ticker, at));
                if found != old && found != Some(&new(ticker, at.0)) {
                    return Err(format!("{ticker} of {at:?} is torn or lost: {found:?}"));
                }
            }
        }
        Ok(())
    }

    pub(super) fn check_registry(&self) -> Result<(), String> {
        let known = names(self.read(Path::new(REGISTRY)).unwrap_or_default());
        for ticker in known {
            if !self.is_new(&ticker) && !self.is_in_a_journal(&ticker) {
                return Err(format!(
                    "tickers.json names rows of {ticker} that are nowhere"
                ));
            }
        }
        Ok(())
    }
}

/// What must hold after a run that met the bad folder.
pub(super) fn judge_meanwhile(fs: &SimFs, is_owed: bool) -> Result<(), String> {
    let found = Found::on(fs);
    found.check_whole_files()?;
    found.check_registry()?;
    if !is_owed {
        return Ok(());
    }
    if !found.is_new(GOOD) {
        return Err("the other series has to wait for the bad one".to_owned());
    }
    if !found.is_new(BAD) && !found.has_staged_rows(BAD) {
        return Err("the rows of the bad series are gone".to_owned());
    }
    Ok(())
}

/// What must hold once the folder is good again.
pub(super) fn judge_mended(fs: &SimFs, is_acked: bool) -> Result<(), String> {
    let found = Found::on(fs);
    found.check_whole_files()?;
    found.check_registry()?;
    let is_owed = is_acked || fs.marks().iter().any(|mark| mark == SEALED);
    let is_there = found.is_new(GOOD) && found.is_new(BAD);
    if is_owed && !is_there {
        return Err("rows that were sealed did not arrive".to_owned());
    }
    if is_there && !found.has_line(BAD) {
        return Err("a file that was written has no line in the ledger".to_owned());
    }
    let names = fs.names();
    let mut left = names.iter().filter(|name| name.starts_with(STAGING));
    match left.find(|name| name.components().count() > 2) {
        Some(left) => Err(format!("{} was left", left.display())),
        None => Ok(()),
    }
}
