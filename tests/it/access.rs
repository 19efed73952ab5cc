//! What barkeep will not touch, and who may use what it makes.

mod crash;
mod inherit;
mod links;
pub(crate) mod modes;
mod special;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::barkeep::Barkeep;

/// What may stand where a file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    Pipe,
    Socket,
    Folder,
    Dangling,
    Loop,
}

#[expect(
    clippy::disallowed_methods,
    reason = "plants what a user or an attacker would, and looks at it past barkeep"
)]
impl Odd {
    const ALL: [Self; 5] = [
        Self::Pipe,
        Self::Socket,
        Self::Folder,
        Self::Dangling,
        Self::Loop,
    ];

    /// Puts it in the place of whatever is there.
    fn plant(self, path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        clear(path);
        match self {
            Self::Pipe => {
                mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            }
            Self::Socket => drop(UnixListener::bind(path).unwrap()),
            Self::Folder => std::fs::create_dir(path).unwrap(),
            Self::Dangling => symlink("/nonexistent/barkeep", path).unwrap(),
            Self::Loop => symlink(path.file_name().unwrap(), path).unwrap(),
        }
    }
}

/// Returns what tells one thing in a folder from another that took its name.
#[expect(clippy::disallowed_methods, reason = "looks past barkeep")]
fn identity(path: &Path) -> (u64, u32) {
    let found = std::fs::symlink_metadata(path).unwrap();
    (found.ino(), found.mode())
}

#[expect(clippy::disallowed_methods, reason = "removes as a user would")]
fn clear(path: &Path) {
    match std::fs::symlink_metadata(path).map(|found| found.is_dir()) {
        Ok(true) => std::fs::remove_dir_all(path).unwrap(),
        Ok(false) => std::fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "looks past barkeep")]
pub(crate) fn mode(path: impl AsRef<Path>) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

pub(crate) fn chmod(path: impl AsRef<Path>, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// A workspace whose venue is a folder of CSV files.
fn of_files(tickers: &[&str], partitioned: bool) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[workspace]\ndefault_venue = \"us:mine\"\nlegacy_venue = \"us:mine\"\n[sources.\"us:mine\"]\nkind = \"files\"\npath = \"incoming\"\n",
    );
    let mut args = vec!["init", "--venue", "us:mine"];
    for ticker in tickers {
        offer(&bar, ticker, &[("2025-11-20", 1)]);
        args.extend(["--ticker", ticker]);
    }
    args.extend(partitioned.then_some("--partitioned"));
    bar.run(&args).expect(Exit::Ok);
    bar
}

/// Puts the bars of a ticker where the source looks for them.
fn offer(bar: &Barkeep, ticker: &str, closes: &[(&str, u32)]) {
    let line = |(day, close): &(&str, u32)| format!("{day},{close},{close},{close},{close},1000");
    let mut lines = vec!["Date,Open,High,Low,Close,Volume".to_owned()];
    lines.extend(closes.iter().map(line));
    let text = lines.join("\n") + "\n";
    bar.write(format!("incoming/{ticker}.csv"), text);
}

/// Returns how many bars of a ticker are stored.
fn stored(bar: &Barkeep, ticker: &str) -> usize {
    bar.show(ticker, "1d", &[]).closes().len()
}

fn month(bar: &Barkeep, ticker: &str) -> PathBuf {
    bar.path().join(format!(
        "data/us/mine/stocks_1d/ticker={ticker}/year=2025/month=11/data.parquet"
    ))
}
