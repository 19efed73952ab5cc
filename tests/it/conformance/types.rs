//! Other writers' types: read as what they mean, counted where that cannot be kept, or refused.

use std::sync::Arc;

use barkeep::codec::{CodecError, Decoded, decode};
use barkeep::frame::{Cell, Profile};
use barkeep::model::Dataset;
use bytes::Bytes;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rstest::rstest;

/// The values of a column of two rows, as Parquet has them.
#[derive(Clone, Copy, Debug)]
enum Raw {
    I32([i32; 2]),
    I64([i64; 2]),
    F32([f32; 2]),
    F64([f64; 2]),
    /// A Julian day and the nanoseconds of that day.
    I96([(u32, u64); 2]),
    Truth([bool; 2]),
    Text([&'static str; 2]),
    Bytes([&'static [u8]; 2]),
    /// As many bytes as the type says.
    Fixed([&'static [u8]; 2]),
}

use Raw::{Bytes as Binary, F32, F64, Fixed, I32, I64, I96, Text, Truth};

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
            (ColumnWriter::FloatColumnWriter(to), F32(values)) => {
                to.write_batch(&values, None, None)
            }
            (ColumnWriter::BoolColumnWriter(to), Truth(values)) => {
                to.write_batch(&values, None, None)
            }
            (ColumnWriter::Int96ColumnWriter(to), I96(values)) => {
                let low = |nanos: u64| u32::try_from(nanos & 0xffff_ffff).unwrap();
                let of = |(day, nanos)| Int96::from(vec![low(nanos), low(nanos >> 32), day]);
                to.write_batch(&values.map(of), None, None)
            }
            (ColumnWriter::ByteArrayColumnWriter(to), Binary(values)) => {
                let of = |bytes: &[u8]| ByteArray::from(bytes.to_vec());
                to.write_batch(&values.map(of), None, None)
            }
            (ColumnWriter::FixedLenByteArrayColumnWriter(to), Fixed(values)) => {
                let of = |bytes: &[u8]| FixedLenByteArray::from(bytes.to_vec());
                to.write_batch(&values.map(of), None, None)
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
const MILLI: i64 = 1_000_000;
const DAY: i64 = 86_400_000_000_000;
/// The first and the last nanosecond that a date may be.
const FIRST: i64 = i64::MIN + 1;
const LAST: i64 = i64::MAX;
/// 1970-01-01.
const JULIAN: u32 = 2_440_588;
const LAST_OF_DAY: u64 = 86_399_999_999_999;

#[rstest]
#[case("volume", "int32", I32([-5, 7]), [Cell::Int(-5), Cell::Int(7)], 0)]
#[case("volume", "int32 (INTEGER(8,true))", I32([-5, 7]), [Cell::Int(-5), Cell::Int(7)], 0)]
#[case("volume", "int32 (INTEGER(16,false))", I32([65_535, 7]), [Cell::Int(65_535), Cell::Int(7)], 0)]
#[case("volume", "int32 (INTEGER(32,false))", I32([-1_294_967_296, -1]), [Cell::Int(3_000_000_000), Cell::Int(u32::MAX.into())], 0)]
#[case("volume", "int32 (UINT_32)", I32([-1_294_967_296, 7]), [Cell::Int(3_000_000_000), Cell::Int(7)], 0)]
#[case("volume", "int64 (INTEGER(64,false))", I64([i64::MAX, 7]), [Cell::Int(i64::MAX), Cell::Int(7)], 0)]
#[case("volume", "int64 (INTEGER(64,false))", I64([i64::MIN, 7]), [Cell::Null, Cell::Int(7)], 1)]
#[case("volume", "double", F64([-FLOAT_63, FLOAT_63]), [Cell::Int(i64::MIN), Cell::Null], 1)]
#[case("volume", "double", F64([FLOAT_53, -0.0]), [Cell::Int(TWO_TO_53), Cell::Int(0)], 0)]
#[case("volume", "double", F64([f64::MIN, f64::NEG_INFINITY]), [Cell::Null, Cell::Null], 2)]
#[case("volume", "double", F64([f64::MIN_POSITIVE, -0.5]), [Cell::Int(0), Cell::Int(0)], 2)]
#[case("volume", "float", F32([16_777_216.0, f32::MAX]), [Cell::Int(1 << 24), Cell::Null], 1)]
#[case("volume", "float", F32([0.5, f32::NAN]), [Cell::Int(0), Cell::Null], 1)]
#[case("volume", "int64", I64([i64::MIN, i64::MAX]), [Cell::Int(i64::MIN), Cell::Int(i64::MAX)], 0)]
#[case("volume", "int64 (UINT_64)", I64([-1, 0]), [Cell::Null, Cell::Int(0)], 1)]
#[case("volume", "int32 (INTEGER(8,false))", I32([255, 0]), [Cell::Int(255), Cell::Int(0)], 0)]
#[case("open", "float", F32([0.1, f32::INFINITY]), [Cell::Float(0.100_000_001_490_116_12), Cell::Float(f64::INFINITY)], 0)]
#[case("open", "double", F64([f64::MAX, f64::NEG_INFINITY]), [Cell::Float(f64::MAX), Cell::Float(f64::NEG_INFINITY)], 0)]
#[case("open", "int32", I32([i32::MIN, i32::MAX]), [Cell::Float(-2_147_483_648.0), Cell::Float(2_147_483_647.0)], 0)]
#[case("date", "int64 (TIMESTAMP(MILLIS,false))", I64([LAST / MILLI, FIRST / MILLI]), [Cell::Time(FIRST / MILLI * MILLI), Cell::Time(LAST / MILLI * MILLI)], 0)]
#[case("date", "int64 (TIMESTAMP(MICROS,false))", I64([FIRST / 1000, LAST / 1000]), [Cell::Time(FIRST / 1000 * 1000), Cell::Time(LAST / 1000 * 1000)], 0)]
#[case("date", "int64 (TIMESTAMP(NANOS,false))", I64([FIRST, LAST]), [Cell::Time(FIRST), Cell::Time(LAST)], 0)]
#[case("date", "int32 (DATE)", I32([-106_751, 106_751]), [Cell::Time(-106_751 * DAY), Cell::Time(106_751 * DAY)], 0)]
#[case("date", "int96", I96([(JULIAN - 1, LAST_OF_DAY), (JULIAN, 5)]), [Cell::Time(-1), Cell::Time(5)], 0)]
#[case("date", "int96", I96([(JULIAN - 106_752, 763_145_224_193), (JULIAN + 106_751, 85_636_854_775_807)]), [Cell::Time(FIRST), Cell::Time(LAST)], 0)]
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

    let frame = &decoded.ordered.frame;
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
#[case("date", "int64", I64([0, 1]))]
#[case("date", "double", F64([0.0, 1.0]))]
#[case("date", "binary (STRING)", Text(["2024-01-02", "2024-01-03"]))]
#[case("date", "int64 (TIMESTAMP(MICROS,true))", I64([0, 1]))]
#[case("date", "int64 (TIMESTAMP(NANOS,true))", I64([0, 1]))]
#[case("open", "boolean", Truth([true, false]))]
#[case("open", "int96", I96([(JULIAN, 0); 2]))]
#[case("open", "binary (STRING)", Text(["1.5", "2.5"]))]
#[case("volume", "boolean", Truth([true, false]))]
#[case("open", "fixed_len_byte_array(2) (FLOAT16)", Fixed([b"\x00\x3c"; 2]))]
#[case("open", "fixed_len_byte_array(16) (DECIMAL(38,2))", Fixed([b"0123456789abcdef"; 2]))]
fn a_type_that_means_something_else_is_refused(
    #[case] name: &str,
    #[case] kind: &str,
    #[case] values: Raw,
) {
    let error = read(name, kind, values).unwrap_err();

    assert!(matches!(error, CodecError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains(name), "{error}");
}

#[rstest]
#[case("date", "int64 (TIMESTAMP(MILLIS,false))", I64([0, LAST / MILLI + 1]))]
#[case("date", "int64 (TIMESTAMP(MILLIS,false))", I64([FIRST / MILLI - 1, 0]))]
#[case("date", "int64 (TIMESTAMP(MICROS,false))", I64([0, i64::MAX]))]
#[case("date", "int64 (TIMESTAMP(MICROS,false))", I64([i64::MIN / 1000 - 1, 0]))]
#[case("date", "int64 (TIMESTAMP_MILLIS)", I64([0, 253_402_214_400_000]))]
#[case("date", "int64 (TIMESTAMP(NANOS,false))", I64([i64::MIN, 0]))]
#[case("date", "int32 (DATE)", I32([0, 106_752]))]
#[case("date", "int32 (DATE)", I32([i32::MIN, 0]))]
#[case("date", "int96", I96([(0, 0), (JULIAN, 0)]))]
#[case("date", "int96", I96([(JULIAN, 0), (5_373_484, 0)]))]
#[case("date", "int96", I96([(u32::MAX, 0), (JULIAN, 0)]))]
#[case("date", "int96", I96([(JULIAN - 106_752, 763_145_224_192), (JULIAN, 0)]))]
#[case("date", "int96", I96([(JULIAN + 106_751, 85_636_854_775_808), (JULIAN, 0)]))]
#[case("date", "int96", I96([(JULIAN, LAST_OF_DAY + 1), (JULIAN, 0)]))]
#[case("date", "int96", I96([(JULIAN, u64::MAX), (JULIAN, 0)]))]
#[case("stock", "int32", I32([7203, 7203]))]
#[case("stock", "binary", Binary([b"Z\xdcRI"; 2]))]
#[case("stock", "binary (STRING)", Binary([b"A", b"\xff"]))]
fn a_value_that_cannot_be_held_makes_its_file_foreign(
    #[case] name: &str,
    #[case] kind: &str,
    #[case] values: Raw,
) {
    let error = read(name, kind, values).unwrap_err();

    assert!(matches!(error, CodecError::Foreign { .. }), "{error:?}");
}

#[rstest]
#[case("index", "int64", I64([0, 1]), false)]
#[case("__index_level_0__", "int64", I64([5, 9]), false)]
#[case("index", "int64 (TIMESTAMP(MICROS,false))", I64([0, 86_400_000_000]), false)]
#[case("index", "int32 (DATE)", I32([0, 1]), false)]
#[case("index", "int96", I96([(JULIAN, 0), (JULIAN + 1, 0)]), false)]
#[case("index", "int64 (TIMESTAMP(NANOS,true))", I64([18_000_000_000_000, 104_400_000_000_000]), false)]
#[case("index", "int64 (TIMESTAMP(NANOS,true))", I64([18_000_000_000_001, 104_400_000_000_000]), true)]
#[case("index", "int64 (TIMESTAMP(MICROS,false))", I64([0, 86_400_000_001]), true)]
#[case("index", "int64 (TIMESTAMP(MICROS,false))", I64([86_400_000_000, 0]), true)]
#[case("__index_level_0__", "int64 (TIMESTAMP(NANOS,false))", I64([18_000_000_000_000, 104_400_000_000_000]), true)]
#[case("index", "int64 (TIMESTAMP(MILLIS,false))", I64([0, i64::MAX]), true)]
#[case("index", "int32 (DATE)", I32([0, 2]), true)]
#[case("index", "int64", I64([1_700_000_000_000_000_000, 1_700_086_400_000_000_000]), true)]
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
