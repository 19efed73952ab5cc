//! Sheets as Arrow record batches. The one place that makes them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use super::{ExportError, Head, Sheet, Times};
use crate::frame::{Column, KindOf};

/// Nanoseconds of a microsecond.
const MICRO: i64 = 1000;

/// The name that Arrow has for the zone of instants.
const UTC: &str = "UTC";

/// Returns the schema of columns under such heads, with facts about all of them.
pub(super) fn schema(heads: &[Head], facts: &[(String, String)]) -> Arc<Schema> {
    let fields: Vec<Field> = heads
        .iter()
        .map(|head| Field::new(&*head.name, data_type(head), true))
        .collect();
    let facts: HashMap<String, String> = facts.iter().cloned().collect();
    Arc::new(Schema::new_with_metadata(fields, facts))
}

fn data_type(head: &Head) -> DataType {
    match head.kind {
        KindOf::Text => DataType::Utf8,
        KindOf::Int => DataType::Int64,
        KindOf::Float => DataType::Float64,
        KindOf::Flag => DataType::Boolean,
        KindOf::Time => {
            let zone = (head.times == Times::Utc).then(|| UTC.into());
            DataType::Timestamp(TimeUnit::Microsecond, zone)
        }
    }
}

/// Returns the rows of a sheet as a record batch of a schema that was made of its heads: times are microseconds, on the clock of
/// the exchange without a zone.
///
/// # Errors
/// `TooFine` when a time is none of whole microseconds.
pub(super) fn of_schema(schema: &Arc<Schema>, sheet: &Sheet) -> Result<RecordBatch, ExportError> {
    let columns = sheet.heads().iter().zip(sheet.columns());
    let arrays: Result<Vec<ArrayRef>, ExportError> =
        columns.map(|(head, column)| array(head, column)).collect();
    RecordBatch::try_new(Arc::clone(schema), arrays?).map_err(ExportError::refused)
}

fn array(head: &Head, column: &Column) -> Result<ArrayRef, ExportError> {
    Ok(match column {
        Column::Text(texts) => {
            let texts = texts.iter().map(|text| text.map(|text| &**text));
            Arc::new(texts.collect::<StringArray>())
        }
        Column::Int(values) => match values.as_whole() {
            Some(whole) => Arc::new(Int64Array::from(whole.to_vec())),
            None => Arc::new(values.iter().collect::<Int64Array>()),
        },
        Column::Float(values) => match values.as_whole() {
            Some(whole) => Arc::new(Float64Array::from(whole.to_vec())),
            None => Arc::new(values.iter().collect::<Float64Array>()),
        },
        Column::Flag(values) => Arc::new(values.iter().collect::<BooleanArray>()),
        Column::Time(values) => {
            let micros = values.iter().map(|nanos| match nanos {
                Some(nanos) if nanos % MICRO != 0 => Err(ExportError::TooFine { nanos }),
                nanos => Ok(nanos.map(|nanos| nanos / MICRO)),
            });
            let micros: Result<TimestampMicrosecondArray, ExportError> = micros.collect();
            let zone = (head.times == Times::Utc).then_some(UTC);
            Arc::new(micros?.with_timezone_opt(zone))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Texts, Values};
    use arrow::array::Array;
    use arrow::array::cast::AsArray;
    use arrow::datatypes::{Float64Type, TimestampMicrosecondType};

    fn sheet(times: Vec<i64>) -> Sheet {
        let head = |name: &str, kind, times| Head::new(name, kind, times);
        let rows = times.len();
        let floats: Values<f64> = (0..rows)
            .map(|row| (row != 1).then_some(f64::from_bits(0x7ff8_0000_0000_0001)))
            .collect();
        Sheet::new(
            Arc::new([
                head("stock", KindOf::Text, Times::Days),
                head("date", KindOf::Time, Times::Moments),
                head("utc", KindOf::Time, Times::Utc),
                head("close", KindOf::Float, Times::Days),
            ]),
            vec![
                Column::Text(Texts::same(Some("A".into()), rows)),
                Column::Time(Values::whole(times.clone())),
                Column::Time(Values::whole(times)),
                Column::Float(floats),
            ],
        )
    }

    fn record_batch(sheet: &Sheet) -> Result<RecordBatch, ExportError> {
        of_schema(&schema(sheet.heads(), &[]), sheet)
    }

    #[test]
    fn a_batch_has_every_bit_and_times_without_a_zone_but_for_instants() {
        let batch = record_batch(&sheet(vec![0, 1_000, -5_000])).unwrap();

        let types: Vec<String> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.data_type().to_string())
            .collect();
        assert_eq!(types[0], "Utf8");
        assert!(
            !types[1].contains("UTC") && types[2].contains("UTC"),
            "{types:?}"
        );
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.values().to_vec(), [0, 1, -5]);
        let closes = batch.column(3).as_primitive::<Float64Type>();
        assert_eq!(closes.value(0).to_bits(), 0x7ff8_0000_0000_0001);
        assert!(closes.is_null(1));
    }

    #[test]
    fn a_time_that_is_too_fine_is_refused_and_never_cut() {
        let refused = record_batch(&sheet(vec![1_001])).unwrap_err();

        assert!(matches!(refused, ExportError::TooFine { nanos: 1_001 }));
    }
}
