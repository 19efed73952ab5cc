//! Parquet files with any names of columns, as pandas saves frames.

use std::sync::Arc;

use barkeep::model::time;
use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

/// What the name of a column of texts ends in.
const TEXT: &str = " text";

enum Values {
    Times(Vec<i64>),
    Whole(Vec<i64>),
    Floats(Vec<f64>),
    Texts(Vec<ByteArray>),
    Flags(Vec<bool>),
    /// So many nulls of no type.
    Nulls(usize),
}

/// Writes a table whose first line names the columns, separated by semicolons if it has one, else by commas. A name that
/// ends in ` instant` is that of times which carry a zone; the other times are readings of a clock. One that ends in ` text` is
/// that of texts, whatever they look like. A column of which every cell is `null` has no type, as pyarrow writes it.
pub(crate) fn of(table: &str) -> Vec<u8> {
    let delimiter = if table.contains(';') { ';' } else { ',' };
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap().split(delimiter).collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(delimiter).collect()).collect();
    let columns: Vec<Values> = names
        .iter()
        .enumerate()
        .map(|(at, name)| values(name, &rows.iter().map(|row| row[at]).collect::<Vec<_>>()))
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
            Values::Flags(flags) => column.typed::<BoolType>().write_batch(flags, None, None),
            Values::Nulls(rows) => {
                let absent = vec![0; *rows];
                column
                    .typed::<Int32Type>()
                    .write_batch(&[], Some(&absent), None)
            }
        }
        .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

fn values(name: &str, cells: &[&str]) -> Values {
    let texts = || Values::Texts(cells.iter().map(|cell| ByteArray::from(*cell)).collect());
    if !cells.is_empty() && cells.iter().all(|cell| *cell == "null") {
        return Values::Nulls(cells.len());
    }
    if name.ends_with(TEXT) {
        return texts();
    }
    let flags: Option<Vec<bool>> = cells.iter().map(|cell| cell.parse().ok()).collect();
    if let Some(flags) = flags.filter(|flags| !flags.is_empty()) {
        return Values::Flags(flags);
    }
    let all = |cells: &[&str]| -> Option<Vec<i64>> {
        cells.iter().map(|cell| cell.parse().ok()).collect()
    };
    let times: Option<Vec<i64>> = cells.iter().map(|cell| time::parse(cell)).collect();
    let floats: Option<Vec<f64>> = cells.iter().map(|cell| cell.parse().ok()).collect();
    match (all(cells), floats, times) {
        (Some(numbers), ..) => Values::Whole(numbers),
        (None, Some(numbers), _) => Values::Floats(numbers),
        (None, None, Some(times)) => Values::Times(times),
        (None, None, None) => texts(),
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
    let name = name.strip_suffix(TEXT).unwrap_or(name);
    let (physical, logical) = match values {
        Values::Flags(_) => (PhysicalType::BOOLEAN, None),
        Values::Nulls(_) => (PhysicalType::INT32, Some(LogicalType::Unknown)),
        Values::Times(_) => (PhysicalType::INT64, Some(timestamp(is_instant))),
        Values::Whole(_) => (PhysicalType::INT64, None),
        Values::Floats(_) => (PhysicalType::DOUBLE, None),
        Values::Texts(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(match values {
            Values::Nulls(_) => Repetition::OPTIONAL,
            _ => Repetition::REQUIRED,
        })
        .with_logical_type(logical)
        .build()
        .unwrap()
}
