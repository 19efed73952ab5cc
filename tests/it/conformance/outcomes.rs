//! Whole and not to be held, or broken: two outcomes, of which only the second is damage. And what a file may take.

use std::io::Write;
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::codec::{CodecError, MemoryLimit, decode, decode_within};
use barkeep::frame::Profile;
use barkeep::model::Dataset;
use barkeep::storage::StorageError;
use bytes::Bytes;
use flate2::Compression as GzLevel;
use flate2::write::GzEncoder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rstest::rstest;

use super::{assert_left_alone, is_foreign};
use crate::support::barkeep::Barkeep;
use crate::support::foreign::{ForeignFile, Stocks, daily, days, foreign_files};
use crate::support::series::Shape::{self, LegacyBars, PartitionedBars};
use crate::support::workspace::TestWorkspace;

fn bars() -> &'static Profile {
    Profile::of(Dataset::Stocks)
}

fn whole() -> Vec<u8> {
    daily("A", &[("2026-05-28", 7.0), ("2026-05-29", 8.0)])
}

#[rstest]
fn what_cannot_be_held_is_neither_read_nor_written_over_and_says_why(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    for (what, bytes) in foreign_files("A") {
        let bench = TestWorkspace::on_disk();
        let request = shape.request();
        bench.write(shape.file(&bench.places, &request, "2026-05-28"), &bytes);

        assert_left_alone(&bench, shape, &request, "2026-05-27", is_foreign);

        let stores = bench.stores();
        let error = shape.store(&stores).read(&request).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(what) && text.contains(".parquet is left alone"),
            "{text}"
        );
    }
}

#[test]
fn what_is_broken_is_damaged() {
    let file = whole();
    let length = file.len();
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = file.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    for (what, bytes) in [
        ("no magic", changed(length - 4, b"PAR9")),
        (
            "a footer longer than the file",
            changed(length - 8, &[0xff; 4]),
        ),
        ("half a footer", changed(length - 8, &[40, 0, 0, 0])),
        ("cut", file[..length - 1].to_vec()),
        ("its end alone", file[length - 8..].to_vec()),
        ("a page that does not unpack", changed(30, &[0xff; 40])),
        ("something else", b"date,close\n2026-05-28,7\n".to_vec()),
        ("a key of barkeep's without its digest", {
            let footer = Some(("barkeep.price_basis", "unknown"));
            let rows = days("A", &[("2026-05-28", 7.0)]);
            ForeignFile {
                footer,
                ..ForeignFile::of(rows)
            }
            .bytes()
        }),
    ] {
        let found = decode(&Bytes::from(bytes), bars());
        assert!(
            matches!(found, Err(CodecError::Damaged { .. })),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn no_flipped_bit_of_another_writers_file_breaks_the_program() {
    let file = whole();
    for at in 0..file.len() * 8 {
        let mut flipped = file.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let _any_of_the_five = decode(&Bytes::from(flipped), bars());
    }
}

/// Returns groups of equal rows: a small file of very many.
fn equal_rows(groups: usize, rows: usize) -> Bytes {
    let schema = parse_message_type(
        "message bars { required binary stock (STRING); required int64 date (TIMESTAMP(MICROS,false)); required double open;
         required double high; required double low; required double close; required int64 volume; }",
    );
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let schema = Arc::new(schema.unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        for at in 0..7 {
            let mut column = group.next_column().unwrap().unwrap();
            match at {
                0 => column.typed::<ByteArrayType>().write_batch(
                    &vec![ByteArray::from("A"); rows],
                    None,
                    None,
                ),
                1 | 6 => column
                    .typed::<Int64Type>()
                    .write_batch(&vec![1; rows], None, None),
                _ => column
                    .typed::<DoubleType>()
                    .write_batch(&vec![1.0; rows], None, None),
            }
            .unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    Bytes::from(writer.into_inner().unwrap())
}

fn assert_too_large(bytes: &Bytes, limit: u64) {
    let found = decode_within(bytes, bars(), MemoryLimit(limit));
    let reason = match found {
        Err(CodecError::Foreign { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason.contains("max_file_memory"), "{reason}");
}

#[test]
fn more_rows_than_fit_are_refused_by_the_footer() {
    let bytes = equal_rows(3, 10_000);
    let row = 16 + 7 * 9;
    let needed = bytes.len() as u64 + 30_000 * row;

    assert_too_large(&bytes, needed - 1);
    // The pages come on top, one at a time.
    let found = decode_within(&bytes, bars(), MemoryLimit(needed + 100_000)).unwrap();
    assert_eq!(found.ordered.frame.len(), 1);
}

#[rstest]
#[case::its_length_unpacked(7)]
#[case::its_entries(12)]
fn a_page_that_claims_more_than_fits_is_refused_before_room_is_made_for_it(#[case] at: usize) {
    // The first page, a dictionary, begins behind the magic: its kind, how long it is unpacked, how long it is, its entries.
    let file = whole();
    assert_eq!(file[4..13], [0x15, 4, 0x15, 10, 0x15, 14, 0x4c, 0x15, 2]);
    let huge = [0xfe, 0xff, 0xff, 0xff, 0x0f];
    // Everything behind moves by four bytes, of which the footer is not told: the header is judged before that matters.
    let bytes = [&file[..at], &huge, &file[at + 1..]].concat();

    let found = decode_within(&Bytes::from(bytes), bars(), MemoryLimit(1 << 20));

    assert!(
        matches!(found, Err(CodecError::Foreign { .. })),
        "{found:?}"
    );
}

#[test]
fn texts_that_are_long_together_are_refused() {
    let long = |letter: &str| ByteArray::from(letter.repeat(1000).as_str());
    let file = ForeignFile {
        stocks: Stocks::Texts((0..2_000).map(|row| long(["a", "b"][row % 2])).collect()),
        ..ForeignFile::of(days("A", &vec![("2026-05-28", 7.0); 2_000]))
    };
    let bytes = Bytes::from(file.bytes());

    let refused = decode_within(&bytes, bars(), MemoryLimit(1 << 20));
    let read = decode_within(&bytes, bars(), MemoryLimit(8 << 20));

    assert!(bytes.len() < 100_000, "two texts in a dictionary, in turn");
    assert!(
        matches!(refused, Err(CodecError::Foreign { .. })),
        "{refused:?}"
    );
    assert!(read.is_ok(), "{read:?}");
}

#[rstest]
#[case(Encoding::DELTA_LENGTH_BYTE_ARRAY)]
#[case(Encoding::DELTA_BYTE_ARRAY)]
fn texts_that_were_written_by_their_lengths_are_read(
    #[case] encoding: Encoding,
    #[values(1, 2, 200)] rows: usize,
    #[values(false, true)] is_optional: bool,
) {
    let levels = vec![1; rows];
    let levels = is_optional.then_some(levels.as_slice());
    let repetition = if is_optional { "optional" } else { "required" };
    let schema = parse_message_type(&format!(
        "message bars {{ {repetition} binary stock (STRING); {repetition} int64 date (TIMESTAMP(MICROS,false)); {repetition} \
         double open; {repetition} double high; {repetition} double low; {repetition} double close; {repetition} int64 volume; }}",
    ));
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_column_encoding("stock".into(), encoding)
        .build();
    let schema = Arc::new(schema.unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let times: Vec<i64> = (0..).take(rows).collect();
    for at in 0..7 {
        let mut column = group.next_column().unwrap().unwrap();
        match at {
            0 => column.typed::<ByteArrayType>().write_batch(
                &vec![ByteArray::from("ABCD"); rows],
                levels,
                None,
            ),
            1 | 6 => column
                .typed::<Int64Type>()
                .write_batch(&times, levels, None),
            _ => column
                .typed::<DoubleType>()
                .write_batch(&vec![1.0; rows], levels, None),
        }
        .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    let bytes = Bytes::from(writer.into_inner().unwrap());

    let found = decode(&bytes, bars()).unwrap();

    assert_eq!(found.ordered.frame.len(), rows);
    assert_eq!(&*found.ordered.frame.owners()[0], "ABCD");
}

const MINE: &str = "[workspace]\nmax_file_memory = 16777216\n\n[sources.\"us:mine\"]\nkind = \"files\"\npath = \"incoming\"\n";

/// A folder of files of two tickers as a source, of which one file is good.
fn incoming(name: &str, bytes: &[u8]) -> Barkeep {
    let bar = Barkeep::partitioned(&[]);
    bar.write("barkeep.toml", MINE);
    for ticker in ["A", "GOOD"] {
        let add = ["tickers", "add", ticker, "--venue", "us:mine"];
        bar.run(&add).expect(Exit::Ok);
    }
    bar.write(
        "incoming/GOOD.csv",
        "date,open,high,low,close,volume\n2026-05-28,7,7,7,7,1\n",
    );
    bar.write(format!("incoming/{name}"), bytes);
    bar
}

fn assert_fails_alone(bar: &Barkeep, what: &str, name: &str) {
    for _ in 0..2 {
        let ran = bar.run(&["update"]).expect(Exit::Partial);
        let is_told = ran.stderr.contains(name) && ran.stderr.contains(what);
        assert!(is_told, "{what}: {}", ran.stderr);
    }
    let shown = bar.run(&["show", "GOOD", "-i", "1d", "--venue", "us:mine"]);
    shown.expect(Exit::Ok);
}

#[test]
fn a_source_file_that_cannot_be_held_fails_its_ticker_alone() {
    // Of a tree an instant is foreign; a file of a source may say its times so.
    let is_foreign = |(what, _): &(&str, Vec<u8>)| *what != "time zone";
    for (what, bytes) in foreign_files("A").into_iter().filter(is_foreign) {
        let bar = incoming("A.parquet", &bytes);

        assert_fails_alone(&bar, what, "A.parquet");

        assert!(bar.read("incoming/A.parquet") == bytes, "{what}");
    }
}

#[test]
fn a_source_file_that_takes_too_much_fails_its_ticker_alone() {
    let packed = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), GzLevel::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let header = b"date,open,high,low,close,volume\n".as_slice();
    let long = [header, &b"2026-05-28,7,7,7,7,1\n".repeat(1_000_000)].concat();
    let dense = [header, &b"2026-05-28,7,7,7,7,1\n".repeat(200_000)].concat();
    for (name, bytes) in [
        ("A.parquet", equal_rows(3, 100_000).to_vec()),
        ("A.csv.gz", packed(&long)),
        ("A.csv", dense),
    ] {
        assert_fails_alone(&incoming(name, &bytes), "max_file_memory", name);
    }
}

#[rstest]
fn a_file_that_takes_too_much_is_left_and_read_once_it_may(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let path = shape.file(&bench.places, &shape.request(), "2026-05-28");
    bench.write(&path, whole());

    let small = bench.stores().within(MemoryLimit(1000));
    let refused = shape.store(&small).read(&shape.request());
    let claimed = bench.stores();
    let read = shape
        .store(&claimed)
        .read(&shape.request())
        .unwrap()
        .unwrap();

    assert!(
        matches!(refused, Err(StorageError::Foreign { .. })),
        "{refused:?}"
    );
    assert_eq!(read.frame.len(), 2);
}
