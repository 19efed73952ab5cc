//! What a column is, by the name in its header.
//!
//! Promises: a name has one meaning or none; two columns of one meaning are an error that names both, unless the
//! settings choose. Columns without a meaning, adjusted closes among them, are passed over.

use super::spec::{ColumnName, FilesSpec};

/// Where the columns stand in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// The symbol.
    pub(super) ticker: Option<usize>,
    /// Stooq's length of bars.
    pub(super) period: Option<usize>,
    /// The date, or date and time.
    pub(super) date: Option<usize>,
    /// The time of day.
    pub(super) time: Option<usize>,
    /// First price.
    pub(super) open: Option<usize>,
    /// Highest price.
    pub(super) high: Option<usize>,
    /// Lowest price.
    pub(super) low: Option<usize>,
    /// Last price.
    pub(super) close: Option<usize>,
    /// Units traded.
    pub(super) volume: Option<usize>,
    /// The source's version of a row.
    pub(super) sequence: Option<usize>,
}

/// What a header means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Ours(ColumnName),
    Period,
    Sequence,
    /// A moment that is a date where there is no better one, and a time of day beside a date.
    TimeOrDate,
}

/// How FRED calls the dates of its series, whose value is the one other column.
const FRED_DATE: &str = "observationdate";

/// Tells whether a name in a header is that of a close, and not a ticker such as `C`.
pub(super) fn is_close(header: &str, spec: &FilesSpec) -> bool {
    match spec.columns.get(&ColumnName::Close) {
        Some(named) => header == named.trim(),
        None => plain(header) == "close",
    }
}

/// Tells whether a name in a header is that of a date.
pub(super) fn is_date(header: &str) -> bool {
    matches!(
        meaning(&plain(header)),
        Some(Meaning::Ours(ColumnName::Date) | Meaning::TimeOrDate)
    )
}

fn meaning(header: &str) -> Option<Meaning> {
    use ColumnName::{Close, Date, High, Low, Open, Ticker, Volume};
    let ours = match header {
        "ticker" | "symbol" | "stock" => Ticker,
        "date" | "data" | "datum" | "day" | "dtyyyymmdd" | "datetime" | "timestamp"
        | "windowstart" | "opentime" | "tsevent" | FRED_DATE => Date,
        "open" | "o" | "otwarcie" | "1open" => Open,
        "high" | "h" | "najwyzszy" | "2high" => High,
        "low" | "l" | "najnizszy" | "3low" => Low,
        "close" | "c" | "zamkniecie" | "4close" => Close,
        "volume" | "vol" | "v" | "wolumen" | "5volume" | "6volume" => Volume,
        "per" => return Some(Meaning::Period),
        "sequence" => return Some(Meaning::Sequence),
        "time" | "czas" => return Some(Meaning::TimeOrDate),
        _ => return None,
    };
    Some(Meaning::Ours(ours))
}

/// Brings a header to the form in which it is looked up: lower case, letters and digits only.
pub(super) fn plain(header: &str) -> String {
    header
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c {
            'ż' | 'ź' => 'z',
            'ś' => 's',
            'ę' => 'e',
            'ó' => 'o',
            other => other,
        })
        .collect()
}

impl Places {
    /// Finds the columns by the header line. The error is the reason.
    pub(super) fn of(headers: &[String], spec: &FilesSpec) -> Result<Self, String> {
        let mut places = Self::default();
        for (name, header) in &spec.columns {
            let at = headers
                .iter()
                .position(|seen| seen.trim() == header.trim())
                .ok_or_else(|| format!("it has no column `{header}`, which the settings name"))?;
            *places.slot(*name) = Some(at);
        }
        let mut loose_time = None;
        for (at, header) in headers.iter().enumerate() {
            match meaning(&plain(header)) {
                Some(Meaning::Ours(name)) if !spec.columns.contains_key(&name) => {
                    take(places.slot(name), at, headers)?;
                }
                Some(Meaning::Period) => take(&mut places.period, at, headers)?,
                Some(Meaning::Sequence) => take(&mut places.sequence, at, headers)?,
                Some(Meaning::TimeOrDate) if !spec.columns.contains_key(&ColumnName::Time) => {
                    take(&mut loose_time, at, headers)?;
                }
                _ => {}
            }
        }
        let is_unnamed = |header: &String| header.trim().is_empty() || header == "Unnamed: 0";
        if places.date.is_none() && headers.first().is_some_and(is_unnamed) {
            places.date = Some(0);
        }
        match places.date {
            Some(_) => places.time = places.time.or(loose_time),
            None => places.date = loose_time,
        }
        if let ([date, _], None) = (headers, places.close)
            && plain(date) == FRED_DATE
        {
            places.close = Some(1);
        }
        match (places.date, places.close) {
            (Some(_), Some(_)) => Ok(places),
            (None, _) => Err(Self::lacks("date", headers)),
            (_, None) => Err(Self::lacks("close", headers)),
        }
    }

    /// Returns the places of rows whose first price stands at `open`, without a header.
    pub(super) fn in_order(open: usize, has_volume: bool) -> Self {
        Self {
            date: Some(0),
            open: Some(open),
            high: Some(open + 1),
            low: Some(open + 2),
            close: Some(open + 3),
            volume: has_volume.then_some(open + 4),
            ..Self::default()
        }
    }

    fn slot(&mut self, name: ColumnName) -> &mut Option<usize> {
        match name {
            ColumnName::Ticker => &mut self.ticker,
            ColumnName::Date => &mut self.date,
            ColumnName::Time => &mut self.time,
            ColumnName::Open => &mut self.open,
            ColumnName::High => &mut self.high,
            ColumnName::Low => &mut self.low,
            ColumnName::Close => &mut self.close,
            ColumnName::Volume => &mut self.volume,
        }
    }

    /// Returns where the four prices stand, in the order of a bar.
    pub(super) fn prices(&self) -> [Option<usize>; 4] {
        [self.open, self.high, self.low, self.close]
    }

    fn lacks(name: &str, headers: &[String]) -> String {
        let seen = headers.join(",").escape_debug().to_string();
        let shown: String = seen.chars().take(120).collect();
        format!("its first line names no {name} column: `{shown}`")
    }
}

fn take(slot: &mut Option<usize>, at: usize, headers: &[String]) -> Result<(), String> {
    match slot.replace(at).and_then(|earlier| headers.get(earlier)) {
        None => Ok(()),
        Some(earlier) => Err(format!(
            "its columns `{earlier}` and `{}` mean the same",
            headers.get(at).map_or("", String::as_str)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(header: &str) -> Result<Places, String> {
        let headers: Vec<String> = header.split(',').map(str::to_owned).collect();
        Places::of(&headers, &FilesSpec::of("x".into()))
    }

    #[test]
    fn columns_are_found_in_every_order_and_an_adjusted_close_is_passed_over() {
        let new = places("Date,Open,High,Low,Close,Adj Close,Volume").unwrap();
        let old = places("Date,Open,High,Low,Close,Volume,Adj Close").unwrap();
        let massive =
            places("ticker,volume,open,close,high,low,window_start,transactions").unwrap();

        assert_eq!((new.close, new.volume), (Some(4), Some(6)));
        assert_eq!((old.close, old.volume), (Some(4), Some(5)));
        assert_eq!(
            (massive.date, massive.close, massive.high),
            (Some(6), Some(3), Some(4))
        );
    }

    #[test]
    fn polish_and_bracketed_headers_are_understood() {
        let web = places("Data,Otwarcie,Najwyższy,Najniższy,Zamknięcie,Wolumen").unwrap();
        let dump =
            places("<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>")
                .unwrap();

        assert_eq!(web, Places::in_order(1, true));
        assert_eq!(
            (dump.period, dump.time, dump.volume),
            (Some(1), Some(3), Some(8))
        );
    }

    #[test]
    fn the_one_value_of_a_series_of_freds_is_its_close() {
        assert_eq!(places("observation_date,DGS10").unwrap().close, Some(1));
        assert!(places("observation_date,DGS10,DGS2").is_err());
        assert!(places("Date,DGS10").is_err());
    }

    #[test]
    fn a_lone_time_column_or_an_unnamed_first_one_is_the_date() {
        assert_eq!(places("time,open,high,low,close").unwrap().date, Some(0));
        assert_eq!(places(",Open,High,Low,Close,Volume").unwrap().date, Some(0));
    }

    #[test]
    fn a_header_that_leaves_a_doubt_is_refused() {
        assert!(
            places("Date,Close,close")
                .unwrap_err()
                .contains("mean the same")
        );
        assert!(
            places("Date,Timestamp,Close")
                .unwrap_err()
                .contains("mean the same")
        );
        assert!(places("Date,Open").unwrap_err().contains("no close column"));
        assert!(places("a,b,c").unwrap_err().contains("no date column"));
    }

    #[test]
    fn the_settings_choose_between_columns_and_name_unknown_ones() {
        let mut spec = FilesSpec::of("x".into());
        spec.columns
            .insert(ColumnName::Date, "Timestamp".to_owned());
        spec.columns.insert(ColumnName::Close, "Last".to_owned());
        let headers = ["Date", "Timestamp", "Last"].map(str::to_owned);

        let found = Places::of(&headers, &spec).unwrap();
        assert_eq!((found.date, found.close), (Some(1), Some(2)));
        assert!(
            Places::of(&headers[..2], &spec)
                .unwrap_err()
                .contains("`Last`")
        );
    }
}
