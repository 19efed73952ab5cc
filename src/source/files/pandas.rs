//! Parquet files that pandas and others write under their own names.
//!
//! Promises: a frame is read as the CSV file of it is: the same names have the same meaning, a column of pandas' index is the
//! date, and NaN is no value. Leaves to others: decoding (`ParquetFile`), files with barkeep's own columns (`content`).

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;

use super::family::Family;
use super::header::{self, Places};
use super::number::Scale;
use super::sheet::{Row, Sheet};
use super::spec::FilesSpec;
use super::stamp::{self, DateStyle, Moment};
use super::{ParquetFile, wide};
use crate::frame::{Bar, Cell, Column, Volume};
use crate::model::time;

/// What a Parquet file says of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParquetNames {
    /// Their names, in order.
    pub columns: Vec<String>,
    /// Those whose times are instants.
    pub instants: Vec<String>,
    /// What pandas knows of them, as JSON.
    pub pandas: Option<String>,
}

/// What the values of a column are that is not one of numbers or texts only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParquetTime {
    /// The reading of a clock.
    Wall,
    /// A moment everywhere.
    Instant,
    /// A day.
    Day,
}

/// A column of a Parquet file.
#[derive(Clone, Debug, PartialEq)]
pub struct ParquetColumn {
    /// Its values.
    pub column: Column,
    /// What they are, where they are times.
    pub time: Option<ParquetTime>,
}

/// The name under which pandas stores an index that has none.
const UNNAMED_INDEX: [&str; 2] = ["__index_level_0__", "index"];

/// Reads a file. The error is the reason why it cannot be.
pub(super) fn read(
    file: &dyn ParquetFile,
    most_bytes: u64,
    spec: &FilesSpec,
) -> Result<Sheet, String> {
    let names = file.names();
    let shape = Shape::of(names, spec)?;
    let mut places: Vec<usize> = shape
        .columns
        .iter()
        .flat_map(|(_, places)| used(places))
        .collect();
    places.sort_unstable();
    places.dedup();
    let wanted: Vec<usize> = places
        .iter()
        .filter_map(|at| shape.order.get(*at))
        .copied()
        .collect();
    let read = file.columns(&wanted)?;
    let columns: BTreeMap<usize, ParquetColumn> = places.into_iter().zip(read).collect();
    let mut sheet = Sheet::new(Family::Plain, most_bytes);
    sheet.zone = names.pandas.as_deref().and_then(zone);
    let table = Table {
        columns: &columns,
        scale: spec.scale.map_or(Scale::One, Scale::by),
        style: DateStyle {
            format: spec.date_format.clone(),
            slashes: None,
        },
    };
    let rows = columns
        .values()
        .map(|column| column.column.len())
        .max()
        .unwrap_or_default();
    for row in 0..rows {
        for (symbol, places) in &shape.columns {
            let place = |reason: String| format!("row {}: {reason}", row + 1);
            let named = places.ticker.map(|at| table.text(at, row));
            let symbol = match &named {
                Some(Some(named)) => named.as_str(),
                Some(None) => return Err(place("it names no ticker".to_owned())),
                None => symbol.as_str(),
            };
            match table.row(places, row).map_err(place) {
                Ok(row) => sheet.add(symbol, row)?,
                Err(reason) => sheet.refuse(symbol, reason),
            }
        }
    }
    Ok(sheet)
}

/// Where the columns of each symbol stand among headers, and which column of the file each header is.
#[derive(Debug)]
struct Shape {
    columns: Vec<(String, Places)>,
    order: Vec<usize>,
}

impl Shape {
    fn of(names: &ParquetNames, spec: &FilesSpec) -> Result<Self, String> {
        let pairs: Vec<(usize, (String, String))> = names
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((at, pair(name)?)))
            .filter(|(_, (_, second))| !second.is_empty())
            .collect();
        if pairs.is_empty() {
            return Self::of_frame(names, spec);
        }
        let is_index = |(at, name): &(usize, &String)| {
            let first = pair(name).map_or_else(|| (*name).clone(), |(first, _)| first);
            let is_other = pairs.iter().all(|(other, _)| other != at);
            is_other && (header::is_date(&first) || UNNAMED_INDEX.contains(&first.as_str()))
        };
        let Some((index, _)) = names.columns.iter().enumerate().find(is_index) else {
            return Err("it has no column of dates beside those of its tickers".to_owned());
        };
        let texts: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(_, (a, b))| (a.as_str(), b.as_str()))
            .collect();
        Ok(Self {
            columns: wide::columns("Date", &texts, spec)?,
            order: [index]
                .into_iter()
                .chain(pairs.iter().map(|(at, _)| *at))
                .collect(),
        })
    }

    fn of_frame(names: &ParquetNames, spec: &FilesSpec) -> Result<Self, String> {
        let mut headers = names.columns.clone();
        if !headers.iter().any(|header| header::is_date(header))
            && let Some(index) = headers
                .iter_mut()
                .find(|name| UNNAMED_INDEX.contains(&name.as_str()))
        {
            "Date".clone_into(index);
        }
        Ok(Self {
            columns: vec![(String::new(), Places::of(&headers, spec)?)],
            order: (0..headers.len()).collect(),
        })
    }
}

fn used(places: &Places) -> Vec<usize> {
    [
        places.ticker,
        places.date,
        places.time,
        places.volume,
        places.sequence,
    ]
    .into_iter()
    .chain(places.prices())
    .flatten()
    .collect()
}

/// Splits the name of a column with two names, as pandas writes it: `('Close', 'AAPL')`.
fn pair(name: &str) -> Option<(String, String)> {
    let inner = name.strip_prefix('(')?.strip_suffix(')')?;
    let (first, second) = inner.split_once(", ")?;
    let unquoted = |text: &str| {
        ['\'', '"'].into_iter().find_map(|quote| {
            text.strip_prefix(quote)?
                .strip_suffix(quote)
                .map(str::to_owned)
        })
    };
    Some((unquoted(first)?, unquoted(second)?))
}

/// Returns the one zone that pandas names for the columns of a frame.
fn zone(pandas: &str) -> Option<Tz> {
    let known: Value = serde_json::from_str(pandas).ok()?;
    known.get("columns")?.as_array()?.iter().find_map(|column| {
        let zone = column.get("metadata")?.get("timezone")?.as_str()?;
        zone.parse().ok()
    })
}

struct Table<'t> {
    columns: &'t BTreeMap<usize, ParquetColumn>,
    scale: Scale,
    style: DateStyle,
}

impl Table<'_> {
    fn cell(&self, at: Option<usize>, row: usize) -> Cell<'_> {
        at.and_then(|at| self.columns.get(&at))
            .map_or(Cell::Null, |column| column.column.cell(row))
    }

    fn text(&self, at: usize, row: usize) -> Option<String> {
        match self.cell(Some(at), row) {
            Cell::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => None,
        }
    }

    fn row(&self, places: &Places, row: usize) -> Result<Row, String> {
        let [open, high, low, close] = places.prices();
        let price = |at| {
            self.number(at, row)
                .map(|number| number.map(|number| self.scale.price(number, false)))
        };
        let bar = Bar {
            date: None,
            open: price(open)?,
            high: price(high)?,
            low: price(low)?,
            close: price(close)?,
            volume: match self.cell(places.volume, row) {
                Cell::Int(units) => Some(Volume::Units(units)),
                _ => self.number(places.volume, row)?.map(Volume::from),
            },
            sequence: match self.cell(places.sequence, row) {
                Cell::Int(number) => Some(number),
                _ => None,
            },
        };
        let moment = self.moment(places, row)?;
        Ok(Row { moment, bar })
    }

    fn number(&self, at: Option<usize>, row: usize) -> Result<Option<f64>, String> {
        match self.cell(at, row) {
            Cell::Null => Ok(None),
            Cell::Float(number) => Ok((!number.is_nan()).then_some(number)),
            Cell::Int(number) => Ok(Some(Volume::Units(number).as_f64())),
            other => Err(format!("{other:?} is not a number")),
        }
    }

    fn moment(&self, places: &Places, row: usize) -> Result<Moment, String> {
        let kind = places
            .date
            .and_then(|at| self.columns.get(&at))
            .and_then(|column| column.time);
        let moment = match (self.cell(places.date, row), kind) {
            (Cell::Time(nanos), Some(ParquetTime::Instant)) => {
                Some(Moment::Instant(DateTime::from_timestamp_nanos(nanos)))
            }
            (Cell::Time(nanos), Some(ParquetTime::Day)) => {
                Some(Moment::Day(time::naive(nanos).date()))
            }
            (Cell::Time(nanos), _) => Some(Moment::Wall(time::naive(nanos))),
            (Cell::Text(text), _) => self.style.parse(text.as_bytes()),
            (Cell::Int(count), _) => stamp::epoch(count.to_string().as_bytes()),
            _ => None,
        };
        match (moment, places.time.and_then(|at| self.text(at, row))) {
            (Some(Moment::Day(day)), Some(text)) => stamp::time_of_day(text.as_bytes())
                .map(|time| Moment::Wall(day.and_time(time)))
                .ok_or_else(|| format!("`{text}` is not a time")),
            (moment, _) => moment.ok_or_else(|| "its date is none".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(columns: &[&str]) -> Result<Vec<(String, Vec<usize>)>, String> {
        let names = ParquetNames {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            ..ParquetNames::default()
        };
        let shape = Shape::of(&names, &FilesSpec::of("x".into()))?;
        let place = |(symbol, places): &(String, Places)| {
            let found = [places.date, places.close].into_iter().flatten();
            (symbol.clone(), found.map(|at| shape.order[at]).collect())
        };
        Ok(shape.columns.iter().map(place).collect())
    }

    #[test]
    fn the_index_of_a_frame_is_its_date_wherever_it_stands() {
        let one = |places: [usize; 2]| Ok(vec![(String::new(), places.to_vec())]);

        assert_eq!(shape(&["Open", "Close", "Dividends", "Date"]), one([3, 1]));
        assert_eq!(shape(&["Close", "__index_level_0__"]), one([1, 0]));
        assert!(shape(&["Close", "Open"]).is_err());
    }

    #[test]
    fn columns_with_two_names_are_those_of_several_tickers() {
        let columns = [
            "('Close', 'A')",
            "('Close', 'B')",
            "('Volume', 'A')",
            "Date",
        ];
        let reset = ["('Date', '')", "('A', 'Close')", "('B', 'Close')"];

        let of = |a: [usize; 2], b: [usize; 2]| {
            Ok(vec![
                ("A".to_owned(), a.to_vec()),
                ("B".to_owned(), b.to_vec()),
            ])
        };
        assert_eq!(shape(&columns), of([3, 0], [3, 1]));
        assert_eq!(shape(&reset), of([0, 1], [0, 2]));
        assert!(shape(&columns[..3]).is_err());
    }

    #[test]
    fn the_zone_is_the_one_that_pandas_names() {
        let pandas = r#"{"columns": [{"name": "Close"}, {"name": "Date", "metadata": {"timezone": "Asia/Tokyo"}}]}"#;

        assert_eq!(zone(pandas), Some(Tz::Asia__Tokyo));
        assert_eq!(zone("{}"), None);
    }
}
