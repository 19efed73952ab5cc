//! Parquet files with any names of columns, as pandas saves frames.

use std::sync::Arc;

use barkeep::model::time;
use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

enum Values {
    Times(Vec<i64>),
    Whole(Vec<i64>),
    Floats(Vec<f64>),
    Texts(Vec<ByteArray>),
}

/// Writes a table whose first line names the columns, separated by semicolons if it has one, else by commas. A name that
/// ends in ` instant` is that of times which carry a zone; the other times are readings of a clock.
pub(crate) fn of(table: &str) -> Vec<u8> {
    let delimiter = if table.contains(';') { ';' } else { ',' };
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap().split(delimiter).collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(delimiter).collect()).collect();
    let columns: Vec<Values> = (0..names.len())
        .map(|at| values(&rows.iter().map(|row| row[at]).collect::<Vec<_>>()))
        .collect();
    let fields = names
        .iter()
        .zip(&columns)
        .map(|(name, values)| Arc::new(field(name, values)));
    let schema = Type::group_type_builder("schema")
        .with_fields(fields.collect())
        .build()
        .unwrap();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for values in &columns {
        let mut column = group.next_column().unwrap().unwrap();
        match values {
            Values::Times(numbers) | Values::Whole(numbers) => {
                column.typed::<Int64Type>().write_batch(numbers, None, None)
            }
            Values::Floats(numbers) => column
                .typed::<DoubleType>()
                .write_batch(numbers, None, None),
            Values::Texts(texts) => column
                .typed::<ByteArrayType>()
                .write_batch(texts, None, None),
        }
        .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

fn values(cells: &[&str]) -> Values {
    let all = |cells: &[&str]| -> Option<Vec<i64>> {
        cells.iter().map(|cell| cell.parse().ok()).collect()
    };
    let times: Option<Vec<i64>> = cells.iter().map(|cell| time::parse(cell)).collect();
    let floats: Option<Vec<f64>> = cells.iter().map(|cell| cell.parse().ok()).collect();
    match (all(cells), floats, times) {
        (Some(numbers), ..) => Values::Whole(numbers),
        (None, Some(numbers), _) => Values::Floats(numbers),
        (None, None, Some(times)) => Values::Times(times),
        (None, None, None) => {
            Values::Texts(cells.iter().map(|cell| ByteArray::from(*cell)).collect())
        }
    }
}

/// Returns the type of nanoseconds since 1970.
fn timestamp(is_instant: bool) -> LogicalType {
    let schema = format!("message m {{ required int64 at (TIMESTAMP(NANOS,{is_instant})); }}");
    let schema = parse_message_type(&schema).unwrap();
    let field = &schema.get_fields()[0];
    field.get_basic_info().logical_type_ref().unwrap().clone()
}

fn field(name: &str, values: &Values) -> Type {
    let (name, is_instant) = match name.strip_suffix(" instant") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let (physical, logical) = match values {
        Values::Times(_) => (PhysicalType::INT64, Some(timestamp(is_instant))),
        Values::Whole(_) => (PhysicalType::INT64, None),
        Values::Floats(_) => (PhysicalType::DOUBLE, None),
        Values::Texts(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(logical)
        .build()
        .unwrap()
}
