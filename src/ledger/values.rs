//! One value of a column as JSON, and back bit for bit.

use serde_json::{Value, json};

use crate::frame::{Cell, Column, Frame, KindOf, Profile, Texts, Values};
use crate::model::{Dataset, time};

/// Returns a value as JSON, which has no NaN: it is written as text, which no number is.
pub(super) fn written(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Int(number) => json!(number),
        Cell::Float(number) if number.is_finite() => json!(number),
        Cell::Float(number) => json!(number.to_string()),
        Cell::Time(nanos) => json!(time::naive(nanos).to_string()),
        Cell::Flag(flag) => json!(flag),
    }
}

/// Reads what `written` wrote, as a column of one row; `None` when it is no value of that kind.
pub(super) fn read(kind: KindOf, value: &Value) -> Option<Column> {
    if value.is_null() {
        return Some(Column::nulls(kind, 1));
    }
    Some(match kind {
        KindOf::Text => Column::Text(Texts::same(Some(value.as_str()?.into()), 1)),
        KindOf::Int => Column::Int(Values::whole(vec![value.as_i64()?])),
        KindOf::Float => {
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
            Column::Float(Values::whole(vec![number?]))
        }
        KindOf::Time => Column::Time(Values::whole(vec![time::parse(value.as_str()?)?])),
        KindOf::Flag => Column::Flag(Values::whole(vec![value.as_bool()?])),
    })
}

/// Returns the rows of one owner as JSON, without the owner.
pub(super) fn written_rows(frame: &Frame) -> Vec<Vec<Value>> {
    let owner = frame.profile().owner;
    let columns = frame.columns().iter().enumerate();
    let columns: Vec<&Column> = columns
        .filter(|(at, _)| Some(*at) != owner)
        .map(|(_, column)| column)
        .collect();
    let row = |row: usize| columns.iter().map(move |column| written(column.cell(row)));
    (0..frame.len()).map(|at| row(at).collect()).collect()
}

/// Reads what `written_rows` wrote, as rows of the first profile of a dataset that they fit; `None` when they fit none.
pub(super) fn read_rows(dataset: Dataset, owner: &str, rows: &[Vec<Value>]) -> Option<Frame> {
    Profile::all_of(dataset).find_map(|profile| read_rows_of(profile, owner, rows))
}

fn read_rows_of(profile: &'static Profile, owner: &str, rows: &[Vec<Value>]) -> Option<Frame> {
    let specs = profile.columns.iter();
    let mut columns: Vec<Column> = specs.map(|spec| Column::empty(spec.kind)).collect();
    for row in rows {
        let mut values = row.iter();
        for (at, (column, spec)) in columns.iter_mut().zip(profile.columns).enumerate() {
            if Some(at) == profile.owner {
                let owner = Texts::same(Some(owner.into()), 1);
                column.append(Column::Text(owner)).ok()?;
            } else {
                let value = values.next().or(spec.came_later().then_some(&Value::Null));
                column.append(read(spec.kind, value?)?).ok()?;
            }
        }
        if values.next().is_some() {
            return None;
        }
    }
    let ordered = Frame::ordered(profile, columns);
    ordered.displaced.is_empty().then_some(ordered.frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{EventKind, MarketEvent, events_of, rows_of_events};
    use crate::model::Dataset;

    #[test]
    fn rows_that_were_written_before_a_column_came_are_read_without_a_value_in_it() {
        let paid = MarketEvent {
            currency: Some("USD".into()),
            ..MarketEvent::new(time::DAY, EventKind::Dividend { amount: 0.5 })
        };
        let rows = rows_of_events(&"A".parse().unwrap(), std::slice::from_ref(&paid));
        let read = |rows: &[Vec<Value>]| read_rows(Dataset::Events, "A", rows);
        let mut written = written_rows(&rows);

        assert_eq!(read(&written).unwrap(), rows);
        written[0].pop();
        let older = read(&written).unwrap();
        written[0].pop();

        let kind = paid.kind;
        assert_eq!(events_of(&older), [MarketEvent::new(time::DAY, kind)]);
        assert_eq!(read(&written), None, "a column of the beginning is missing");
    }
}
