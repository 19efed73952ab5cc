//! The lines of the ledger as JSON, and back.
//!
//! Promises: what is written reads back as the same line; a line of an unknown form is refused, never guessed at.

use std::borrow::Cow;

use super::line::name_at_venue;
use super::values;
use super::written::{Written, WrittenState, WrittenValue};
use super::{FileLine, Line, Past};
use crate::frame::{Column, Frame, Profile, Revision, RowChanges, RowKey};
use crate::layout::parse_series_at;
use crate::model::{StorageRequest, Venue, time};

impl Line {
    pub(super) fn written(&self) -> Written<'static> {
        let mut written = Written::of(name_at_venue(self.series()));
        match self {
            Self::Gone(_) => written.gone = true,
            Self::Found(_, record) => written.record = Some(record.into()),
            Self::File(line) => write_file(&mut written, line),
        }
        written
    }

    /// Reads a line of the ledger of a venue.
    pub(super) fn read(venue: &Venue, written: &Written<'_>) -> Option<Self> {
        let series = parse_series_at(venue, &written.series)?;
        if written.gone {
            return Some(Self::Gone(series));
        }
        if let Some(record) = &written.record {
            return Some(Self::Found(series, record.read()?));
        }
        read_file(series, written).map(|line| Self::File(Box::new(line)))
    }
}

/// Returns a key without a time of day that is midnight: most bars have one a day.
fn short(key: &RowKey) -> String {
    let whole = key.to_string();
    if key.time % time::DAY == 0 {
        whole.replacen("T00:00:00", "", 1)
    } else {
        whole
    }
}

fn write_file(written: &mut Written<'static>, line: &FileLine) {
    let key = |key: &RowKey| short(key).into();
    let range = |(first, last): &(RowKey, RowKey)| {
        if first == last {
            vec![key(first)]
        } else {
            vec![key(first), key(last)]
        }
    };
    written.file = Some(line.partition.to_string().into());
    written.begins = line.begins;
    written.old = line.old.map(WrittenState::from);
    written.was = line.was.map(WrittenState::from);
    written.new = Some(line.new.into());
    written.span = line.span.as_ref().map(range);
    if let Some((unit, basis)) = line.facts {
        written.unit = Some(unit.as_str().into());
        written.basis = Some(basis.as_str().into());
    }
    match &line.past {
        Past::Moved => written.moved = true,
        Past::Damaged { case } => written.damaged = Some(case.clone().into()),
        Past::Kept { file, factor } => {
            written.kept = Some(file.clone().into());
            written.factor = *factor;
        }
        Past::Changed(changes) | Past::Copied(changes) => {
            written.moved = matches!(line.past, Past::Copied(_));
            let ranges = changes.added.iter();
            written.added = ranges.map(range).collect();
            let replaced = changes.replaced.iter().map(|revision| {
                let value = |column: &Column| values::written(column.cell(0));
                let (old, new) = (value(&revision.old), value(&revision.new));
                (key(&revision.key), revision.field.into(), old, new)
            });
            written.replaced = replaced.collect();
            if let Some((rows, why)) = &changes.removed {
                written.removed = values::written_rows(rows);
                written.why = Some(why.clone().into());
            }
        }
    }
}

fn read_file(series: StorageRequest, written: &Written<'_>) -> Option<FileLine> {
    let profile = Profile::of(series.series.dataset());
    let range = |range: &Vec<Cow<'_, str>>| {
        let first = RowKey::read(profile, range.first()?).ok()?;
        let last = match range.get(1) {
            None => first.clone(),
            Some(last) => RowKey::read(profile, last).ok()?,
        };
        Some((first, last))
    };
    let one = |written: &Option<WrittenState>| match written {
        None => Some(None),
        Some(one) => one.read().map(Some),
    };
    let span = match &written.span {
        None => None,
        Some(span) => Some(range(span)?),
    };
    let past = if written.moved && !written.has_changes() {
        Past::Moved
    } else if let Some(case) = &written.damaged {
        let case = case.clone().into_owned();
        Past::Damaged { case }
    } else if let Some(file) = &written.kept {
        Past::Kept {
            file: file.clone().into_owned(),
            factor: written.factor,
        }
    } else {
        let changes = RowChanges {
            added: written.added.iter().map(range).collect::<Option<_>>()?,
            replaced: read_replaced(&series, written)?,
            removed: read_removed(&series, written)?,
        };
        if written.moved {
            Past::Copied(changes)
        } else {
            Past::Changed(changes)
        }
    };
    Some(FileLine {
        partition: written.file.as_ref()?.parse().ok()?,
        begins: written.begins,
        old: one(&written.old)?,
        was: one(&written.was)?,
        new: written.new.as_ref()?.read()?,
        span,
        facts: match (&written.unit, &written.basis) {
            (None, None) => None,
            (unit, basis) => {
                let (unit, basis) = (unit.as_ref()?, basis.as_ref()?);
                Some((unit.parse().ok()?, basis.parse().ok()?))
            }
        },
        past,
        series,
    })
}

fn read_replaced(series: &StorageRequest, written: &Written<'_>) -> Option<Vec<Revision>> {
    let mut profiles = Profile::all_of(series.series.dataset());
    profiles.find_map(|profile| read_replaced_of(profile, written))
}

fn read_replaced_of(profile: &Profile, written: &Written<'_>) -> Option<Vec<Revision>> {
    let read = |(key, field, old, new): &WrittenValue<'_>| {
        let spec = profile.columns.get(profile.position(field)?)?;
        Some(Revision {
            key: RowKey::read(profile, key).ok()?,
            field: spec.name,
            old: values::read(spec.kind, old)?,
            new: values::read(spec.kind, new)?,
        })
    };
    written.replaced.iter().map(read).collect()
}

#[expect(
    clippy::option_option,
    reason = "a line that cannot be read is not one without removed rows"
)]
fn read_removed(series: &StorageRequest, written: &Written<'_>) -> Option<Option<(Frame, String)>> {
    let Some(why) = &written.why else {
        return Some(None);
    };
    let dataset = series.series.dataset();
    let owner = series.series.ticker().map_or("", |ticker| ticker.as_str());
    let rows = values::read_rows(dataset, owner, &written.removed)?;
    Some(Some((rows, why.clone().into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Texts, Values};
    use crate::ledger::FileState;
    use crate::ledger::SeriesRecord;
    use crate::model::{Dataset, Digest, Fingerprint, PriceBasis, TimeUnit};

    fn venue() -> Venue {
        "us:demo".parse().unwrap()
    }

    fn series(name: &str) -> StorageRequest {
        parse_series_at(&venue(), name).unwrap()
    }

    fn state(rows: u64) -> FileState {
        let digest = Digest::of(&rows.to_le_bytes());
        FileState::new(Fingerprint { rows, digest }, 100 + rows)
    }

    fn key(name: &str, text: &str) -> RowKey {
        let profile = Profile::of(series(name).series.dataset());
        RowKey::read(profile, text).unwrap()
    }

    /// Keys of a first and a last row.
    fn span_of(name: &str) -> (RowKey, RowKey) {
        let more = match series(name).series.dataset() {
            Dataset::Trades => " an%20id - 2026-06-01T09:45:00",
            Dataset::Events => " capital gain",
            _ => "",
        };
        let key = |moment: &str| key(name, &format!("{moment}{more}"));
        (key("2026-06-01"), key("2026-06-02T09:30:00.5"))
    }

    fn file_line(name: &str, partition: &str, past: Past) -> Line {
        Line::File(Box::new(FileLine {
            series: series(name),
            partition: partition.parse().unwrap(),
            begins: false,
            old: Some(state(2)),
            was: (partition == "2026-12").then(|| state(4)),
            new: state(3),
            span: Some(span_of(name)),
            facts: (partition != "2026-06").then_some((TimeUnit::Nanos, PriceBasis::SplitAdjusted)),
            past,
        }))
    }

    fn float(value: Option<f64>) -> Column {
        Column::Float([value].into_iter().collect())
    }

    /// Bars with values that JSON has no words for.
    fn odd_bars() -> Frame {
        let stamp = |text: &str| time::parse(text).unwrap();
        let columns = vec![
            Column::Text(Texts::same(Some("BRK.B".into()), 2)),
            Column::Time(Values::whole(vec![
                stamp("2026-06-01"),
                stamp("2026-06-02T09:30:00.000000001"),
            ])),
            Column::Float([Some(f64::NAN), Some(-0.0)].into_iter().collect()),
            Column::Float([None, Some(f64::INFINITY)].into_iter().collect()),
            Column::Float(Values::whole(vec![0.1 + 0.2, f64::MIN_POSITIVE])),
            Column::Float(Values::whole(vec![1.0, 1e308])),
            Column::Int([Some(i64::MAX), None].into_iter().collect()),
            Column::Int(Values::whole(vec![i64::MIN, 0])),
        ];
        Frame::ordered(Profile::of(Dataset::Stocks), columns).frame
    }

    fn every_line() -> Vec<Line> {
        let (bar, event) = (
            |text: &str| key("stocks_1d/ticker=A", text),
            |text: &str| key("events/ticker=A", text),
        );
        let trade = |text: &str| key("trades/venue=DETR", text);
        let bars = RowChanges {
            added: vec![(bar("2026-06-02"), bar("2026-06-02T09:30:00.000000001"))],
            replaced: vec![Revision {
                key: bar("2026-06-01"),
                field: "close",
                old: float(Some(f64::NEG_INFINITY)),
                new: float(None),
            }],
            removed: Some((odd_bars(), "no session \"was\" held".to_owned())),
        };
        let events = RowChanges {
            added: vec![(
                event("2026-06-02T00:00:00 dividend"),
                event("2026-06-02T00:00:00 split"),
            )],
            ..RowChanges::default()
        };
        let copied = RowChanges {
            added: vec![(bar("2026-06-02"), bar("2026-06-02"))],
            ..RowChanges::default()
        };
        let trades = RowChanges {
            added: vec![(
                trade("2026-06-02T09:30:00 an%20id - 2026-06-02T09:45:00"),
                trade("2026-06-02T09:30:00 an%20id C 2026-06-02T09:46:00.000001"),
            )],
            replaced: vec![Revision {
                key: trade("2026-06-02 50%25 - 2026-06-02"),
                field: "price",
                old: float(Some(1.5)),
                new: float(None),
            }],
            removed: None,
        };
        let record = SeriesRecord {
            months: vec![("2026-01".parse().unwrap(), "2026-06".parse().unwrap())],
            files: 6,
            first: time::parse("2026-01-02"),
            sum: u64::MAX,
            latest: vec![("2026-06".parse().unwrap(), state(5))],
            ..SeriesRecord::nothing()
        };
        let kept = Past::Kept {
            file: "files/00.parquet".to_owned(),
            factor: Some(0.25),
        };
        let damaged = Past::Damaged {
            case: "20260601T000000Z-00000001".to_owned(),
        };
        vec![
            file_line("stocks_1d/ticker=BRK.B", "2026-06", Past::Changed(bars)),
            file_line("events/ticker=A%2FB", "whole", Past::Changed(events)),
            file_line("stocks_1wk/ticker=A", "whole", kept),
            file_line("prepost_1m/ticker=A", "2026-12", damaged),
            file_line("adjusted_1d/ticker=A", "whole", Past::Moved),
            file_line("stocks_1m/ticker=A", "2026-06", Past::Copied(copied)),
            file_line("trades/venue=DETR", "2026-06-02", Past::Changed(trades)),
            Line::Found(series("stocks_1d/ticker=A"), record),
            Line::Found(series("stocks_1d/ticker=B"), SeriesRecord::nothing()),
            Line::Gone(series("stocks_1d/ticker=^GSPC")),
        ]
    }

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        for line in every_line() {
            let text = serde_json::to_string(&line.written()).unwrap();

            let read: Written<'_> = serde_json::from_str(&text).unwrap();

            assert_eq!(Line::read(&venue(), &read), Some(line), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_none_of_its_column_is_no_line() {
        for line in every_line() {
            let text = serde_json::to_string(&line.written()).unwrap();
            for (right, wrong) in [
                ("\"close\"", "\"klose\""),
                ("\"us\"", "\"fortnights\""),
                ("\"ns\"", "\"fortnights\""),
                ("2026-06", "2026-66"),
                ("ticker=", "tickers="),
            ] {
                let broken = text.replace(right, wrong);
                if broken == text {
                    continue;
                }
                let read = serde_json::from_str::<Written<'_>>(&broken);
                let line = read.ok().and_then(|read| Line::read(&venue(), &read));
                assert_eq!(line, None, "{broken}");
            }
        }
    }

    #[test]
    fn a_legacy_file_is_told_from_a_series_that_is_one_file_anyway() {
        let is_legacy: Vec<bool> = every_line()
            .iter()
            .filter_map(|line| match line {
                Line::File(line) => Some(line.is_legacy()),
                _ => None,
            })
            .collect();

        assert_eq!(is_legacy, [false, false, true, false, false, false, false]);
    }

    /// By these bytes lines are passed over without being read.
    #[test]
    fn a_line_that_takes_rows_out_is_told_by_its_bytes() {
        for line in every_line() {
            let text = serde_json::to_vec(&line.written()).unwrap();
            let takes_out = line.file().is_some_and(|line| match &line.past {
                Past::Changed(changes) => changes.removed.is_some(),
                _ => false,
            });

            let mut parts = text.windows(crate::ledger::written::TAKES_OUT.len());
            let looks_so = parts.any(|part| part == crate::ledger::written::TAKES_OUT);

            assert_eq!(looks_so, takes_out, "{line:?}");
        }
    }
}
