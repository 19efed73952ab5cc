//! Other writers' types: read as what they mean, counted where that cannot be kept, or refused.

use std::sync::Arc;

use barkeep::codec::{CodecError, Decoded, decode};
use barkeep::frame::{Cell, Profile};
use barkeep::model::Dataset;
use bytes::Bytes;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rstest::rstest;

/// The values of a column of two rows, as Parquet has them.
#[derive(Clone, Copy, Debug)]
enum Raw {
    I32([i32; 2]),
    I64([i64; 2]),
    F64([f64; 2]),
    Text([&'static str; 2]),
}

use Raw::{F64, I32, I64, Text};

/// Returns two bars, of which one column has another type and values; a column that bars do not have is added.
fn file(name: &str, kind: &str, values: Raw) -> Bytes {
    let mut columns: Vec<(&str, String, Raw)> = vec![
        ("stock", "binary stock (STRING)".to_owned(), Text(["A"; 2])),
        (
            "date",
            "int64 date (TIMESTAMP(MICROS,false))".to_owned(),
            I64([0, 86_400_000_000]),
        ),
    ];
    let prices = ["open", "high", "low", "close"]
        .map(|name| (name, format!("double {name}"), F64([1.0; 2])));
    columns.extend(prices);
    columns.push(("volume", "int64 volume".to_owned(), I64([1, 2])));
    columns.push(("sequence", "int64 sequence".to_owned(), I64([0, 1])));
    let own = (kind.split_once(' ')).map_or(format!("{kind} {name}"), |(physical, meant)| {
        format!("{physical} {name} {meant}")
    });
    match columns.iter_mut().find(|(known, ..)| *known == name) {
        Some(column) => *column = (column.0, own, values),
        None => columns.push(("added", own, values)),
    }
    let fields: Vec<String> = columns
        .iter()
        .map(|(_, field, _)| format!("required {field};"))
        .collect();
    let schema = parse_message_type(&format!("message bars {{ {} }}", fields.join(" "))).unwrap();
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, _, values) in columns {
        let mut column = group.next_column().unwrap().unwrap();
        match (column.untyped(), values) {
            (ColumnWriter::Int32ColumnWriter(to), I32(values)) => {
                to.write_batch(&values, None, None)
            }
            (ColumnWriter::Int64ColumnWriter(to), I64(values)) => {
                to.write_batch(&values, None, None)
            }
            (ColumnWriter::DoubleColumnWriter(to), F64(values)) => {
                to.write_batch(&values, None, None)
            }
            (ColumnWriter::ByteArrayColumnWriter(to), Text(values)) => {
                to.write_batch(&values.map(ByteArray::from), None, None)
            }
            (_, values) => panic!("{name} {kind} has no {values:?}"),
        }
        .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap().into()
}

fn read(name: &str, kind: &str, values: Raw) -> Result<Decoded, CodecError> {
    decode(&file(name, kind, values), Profile::of(Dataset::Stocks))
}

const TWO_TO_53: i64 = 1 << 53;
const FLOAT_53: f64 = 9_007_199_254_740_992.0;
const FLOAT_63: f64 = 9.223_372_036_854_776e18;

#[rstest]
#[case("volume", "int32", I32([-5, 7]), [Cell::Int(-5), Cell::Int(7)], 0)]
#[case("volume", "int32 (INTEGER(8,true))", I32([-5, 7]), [Cell::Int(-5), Cell::Int(7)], 0)]
#[case("volume", "int32 (INTEGER(16,false))", I32([65_535, 7]), [Cell::Int(65_535), Cell::Int(7)], 0)]
#[case("volume", "int32 (INTEGER(32,false))", I32([-1_294_967_296, -1]), [Cell::Int(3_000_000_000), Cell::Int(u32::MAX.into())], 0)]
#[case("volume", "int32 (UINT_32)", I32([-1_294_967_296, 7]), [Cell::Int(3_000_000_000), Cell::Int(7)], 0)]
#[case("volume", "int64 (INTEGER(64,false))", I64([i64::MAX, 7]), [Cell::Int(i64::MAX), Cell::Int(7)], 0)]
#[case("volume", "int64 (INTEGER(64,false))", I64([i64::MIN, 7]), [Cell::Null, Cell::Int(7)], 1)]
#[case("volume", "double", F64([1e19, f64::INFINITY]), [Cell::Null, Cell::Null], 2)]
#[case("volume", "double", F64([-1e19, f64::NAN]), [Cell::Null, Cell::Null], 1)]
#[case("volume", "double", F64([9e18, 0.5]), [Cell::Int(9_000_000_000_000_000_000), Cell::Int(0)], 1)]
#[case("sequence", "double", F64([1e19, 1.5]), [Cell::Null, Cell::Int(2)], 2)]
#[case("open", "int32 (INTEGER(32,false))", I32([-1, 7]), [Cell::Float(4_294_967_295.0), Cell::Float(7.0)], 0)]
#[case("open", "int64", I64([TWO_TO_53, -TWO_TO_53]), [Cell::Float(FLOAT_53), Cell::Float(-FLOAT_53)], 0)]
#[case("open", "int64", I64([TWO_TO_53 + 1, i64::MAX]), [Cell::Float(FLOAT_53), Cell::Float(FLOAT_63)], 2)]
#[case("open", "int64 (INTEGER(64,false))", I64([i64::MIN, -1]), [Cell::Float(FLOAT_63), Cell::Float(1.844_674_407_370_955_2e19)], 1)]
fn a_number_is_what_its_type_says_and_counted_if_it_cannot_be_kept(
    #[case] name: &str,
    #[case] kind: &str,
    #[case] values: Raw,
    #[case] expected: [Cell<'static>; 2],
    #[case] inexact: usize,
) {
    let decoded = read(name, kind, values).unwrap();

    let frame = &decoded.proven.frame;
    let column = &frame.columns()[frame.profile().position(name).unwrap()];
    assert_eq!([column.cell(0), column.cell(1)], expected);
    assert_eq!(decoded.inexact, inexact);
}

#[rstest]
#[case("volume", "int32 (DECIMAL(9,2))", I32([100, 200]))]
#[case("volume", "int64 (DECIMAL(10,2))", I64([100, 200]))]
#[case("volume", "int64 (TIME(MICROS,false))", I64([100, 200]))]
#[case("volume", "int32 (TIME(MILLIS,false))", I32([100, 200]))]
#[case("volume", "int32 (DATE)", I32([100, 200]))]
#[case("open", "int32 (DECIMAL(9,2))", I32([100, 200]))]
#[case("open", "int64 (DECIMAL(10,2))", I64([100, 200]))]
#[case("stock", "binary (DECIMAL(10,2))", Text(["A", "A"]))]
fn a_type_that_means_something_else_is_refused(
    #[case] name: &str,
    #[case] kind: &str,
    #[case] values: Raw,
) {
    let error = read(name, kind, values).unwrap_err();

    assert!(matches!(error, CodecError::ForeignSchema { .. }), "{error}");
    assert!(error.to_string().contains(name), "{error}");
}

#[rstest]
#[case("index", "int64", I64([0, 1]), false)]
#[case("__index_level_0__", "int64", I64([5, 9]), false)]
#[case("index", "int64 (TIMESTAMP(MICROS,false))", I64([0, 86_400_000_000]), false)]
#[case("index", "int64", I64([1_700_000_000_000_000_000, 1_700_086_400_000_000_000]), false)]
#[case("index", "int64", I64([3, 3]), true)]
#[case("__index_level_0__", "double", F64([0.5, 1.5]), true)]
#[case("index", "binary (STRING)", Text(["a", "b"]), true)]
fn an_index_that_says_more_than_the_number_of_a_row_is_named(
    #[case] name: &str,
    #[case] kind: &str,
    #[case] values: Raw,
    #[case] is_odd: bool,
) {
    let decoded = read(name, kind, values).unwrap();

    let expected = if is_odd {
        vec![name.to_owned()]
    } else {
        Vec::new()
    };
    assert_eq!(decoded.odd_indexes, expected);
    assert_eq!(decoded.unknown_columns, Vec::<String>::new());
}
