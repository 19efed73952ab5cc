//! Records of groups, lists and maps as the bytes of a Parquet file: what the logs of tables consist of.
//!
//! Promises: equal records give equal bytes. A record is a JSON object: arrays are lists, and objects are groups or maps, as the
//! schema has them. What the schema does not name is an error, so that nothing is left out in silence.
//! Leaves to others: what the records say.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::column::writer::{ColumnWriter, get_typed_column_writer_mut};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use super::{CodecError, footer};

/// One column: its values, and for each record how deep it is defined and where it repeats.
struct Leaf {
    values: Vec<Value>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

/// How deep a value stands.
#[derive(Clone, Copy, Default)]
struct Depth {
    definition: i16,
    /// That at which the value continues a list; 0 where it begins a record.
    repetition: i16,
    /// How many lists it stands in.
    lists: i16,
}

/// Encodes records by a schema, in Parquet's own notation.
///
/// # Errors
/// When a record does not fit the schema.
pub fn encode_records(schema: &str, records: &[Value]) -> Result<Vec<u8>, CodecError> {
    let schema = Arc::new(parse_message_type(schema).map_err(CodecError::not_faithful)?);
    let mut leaves: Vec<Leaf> = (0..leaves_of(&schema)).map(|_| Leaf::empty()).collect();
    for record in records {
        fields(&schema, record, Depth::default(), &mut leaves)?;
    }
    let properties = WriterProperties::builder()
        .set_created_by(footer::CREATED_BY.to_owned())
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_dictionary_enabled(false);
    let properties = Arc::new(properties.build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties)
        .map_err(CodecError::not_faithful)?;
    let mut group = writer.next_row_group().map_err(CodecError::not_faithful)?;
    for leaf in &leaves {
        if let Some(mut chunk) = group.next_column().map_err(CodecError::not_faithful)? {
            leaf.write(chunk.untyped())?;
            chunk.close().map_err(CodecError::not_faithful)?;
        }
    }
    group.close().map_err(CodecError::not_faithful)?;
    writer.into_inner().map_err(CodecError::not_faithful)
}

impl Leaf {
    fn empty() -> Self {
        Self {
            values: Vec::new(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
        }
    }

    fn push(&mut self, value: Option<&Value>, depth: Depth) {
        self.values.extend(value.cloned());
        self.definitions.push(depth.definition);
        self.repetitions.push(depth.repetition);
    }

    fn write(&self, chunk: &mut ColumnWriter<'_>) -> Result<(), CodecError> {
        let small = |value: &Value| value.as_i64().and_then(|value| i32::try_from(value).ok());
        let text = |value: &Value| Some(ByteArray::from(value.as_str()?.as_bytes().to_vec()));
        match chunk {
            ColumnWriter::BoolColumnWriter(_) => self.typed::<BoolType>(chunk, Value::as_bool),
            ColumnWriter::Int32ColumnWriter(_) => self.typed::<Int32Type>(chunk, small),
            ColumnWriter::Int64ColumnWriter(_) => self.typed::<Int64Type>(chunk, Value::as_i64),
            ColumnWriter::ByteArrayColumnWriter(_) => self.typed::<ByteArrayType>(chunk, text),
            _ => Err(CodecError::not_faithful(
                "a column of a kind that no log has",
            )),
        }
    }

    fn typed<D: DataType>(
        &self,
        chunk: &mut ColumnWriter<'_>,
        of: impl Fn(&Value) -> Option<D::T>,
    ) -> Result<(), CodecError> {
        let values = self.values.iter().map(of).collect::<Option<Vec<D::T>>>();
        let values = values
            .ok_or_else(|| CodecError::not_faithful("a value of another kind than its column"))?;
        let (definitions, repetitions) = (&self.definitions, &self.repetitions);
        get_typed_column_writer_mut::<D>(chunk)
            .write_batch(&values, Some(definitions), Some(repetitions))
            .map_err(CodecError::not_faithful)?;
        Ok(())
    }
}

/// Puts the fields of a group into their columns.
fn fields(
    group: &Type,
    value: &Value,
    depth: Depth,
    leaves: &mut [Leaf],
) -> Result<(), CodecError> {
    let known = group.get_fields();
    if let Some(found) = value.as_object()
        && let Some(name) = found
            .keys()
            .find(|name| known.iter().all(|field| field.name() != *name))
    {
        return Err(CodecError::not_faithful(format!("{name} is no column")));
    }
    let mut rest = leaves;
    for field in known {
        let (own, others) = rest.split_at_mut(leaves_of(field));
        rest = others;
        let found = value.get(field.name());
        put(field, found.filter(|value| !value.is_null()), depth, own)?;
    }
    Ok(())
}

/// Puts a value into the columns of its field.
fn put(
    field: &Type,
    value: Option<&Value>,
    mut depth: Depth,
    leaves: &mut [Leaf],
) -> Result<(), CodecError> {
    match field.get_basic_info().repetition() {
        Repetition::OPTIONAL if value.is_some() => depth.definition += 1,
        Repetition::REQUIRED if value.is_none() => {
            return Err(CodecError::not_faithful(format!(
                "{} is missing",
                field.name()
            )));
        }
        _ => {}
    }
    let Some(value) = value.filter(|_| !field.is_primitive()) else {
        for leaf in leaves.iter_mut() {
            leaf.push(value, depth);
        }
        return Ok(());
    };
    let Some(items) = items(field, value)? else {
        return fields(field, value, depth, leaves);
    };
    let Some(repeated) = field.get_fields().first() else {
        return Err(CodecError::not_faithful("a list of nothing"));
    };
    if items.is_empty() {
        for leaf in leaves.iter_mut() {
            leaf.push(None, depth);
        }
    }
    let mut inner = Depth {
        definition: depth.definition + 1,
        lists: depth.lists + 1,
        ..depth
    };
    for item in items {
        fields(repeated, &item, inner, leaves)?;
        inner.repetition = inner.lists;
    }
    Ok(())
}

/// Returns the items of a list or a map, each as a group; `None` of what is neither.
fn items(field: &Type, value: &Value) -> Result<Option<Vec<Value>>, CodecError> {
    let odd = || CodecError::not_faithful(format!("{} is another kind of value", field.name()));
    let facts = field.get_basic_info();
    let of = |pairs: &[(&str, Value)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Object(pairs.collect::<Map<String, Value>>())
    };
    match (facts.logical_type_ref(), facts.converted_type()) {
        (Some(LogicalType::List), _) | (_, ConvertedType::LIST) => {
            let found = value.as_array().ok_or_else(odd)?.iter();
            Ok(Some(
                found.map(|item| of(&[("element", item.clone())])).collect(),
            ))
        }
        (Some(LogicalType::Map), _) | (_, ConvertedType::MAP) => {
            let found = value.as_object().ok_or_else(odd)?.iter();
            let pair = |(key, value): (&String, &Value)| {
                of(&[("key", Value::from(key.as_str())), ("value", value.clone())])
            };
            Ok(Some(found.map(pair).collect()))
        }
        _ if value.is_object() => Ok(None),
        _ => Err(odd()),
    }
}

fn leaves_of(field: &Type) -> usize {
    if field.is_primitive() {
        return 1;
    }
    field
        .get_fields()
        .iter()
        .map(|field| leaves_of(field))
        .sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use serde_json::json;

    use super::*;

    const SCHEMA: &str = "message log {
        optional group a { required binary text (STRING); optional int64 long; optional boolean flag;
            optional group few (LIST) { repeated group list { optional binary element (STRING); } }
            optional group inner { optional group pairs (MAP) { repeated group key_value {
                required binary key (STRING); optional binary value (STRING); } } } }
        optional group b { required int32 int; } }";

    fn read(records: &[Value]) -> Vec<String> {
        let bytes = Bytes::from(encode_records(SCHEMA, records).unwrap());
        let reader = SerializedFileReader::new(bytes).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| row.unwrap().to_string()).collect()
    }

    #[test]
    fn what_is_there_what_is_empty_and_what_is_absent_read_back_as_such() {
        let rows = read(&[
            json!({ "a": { "text": "x", "few": ["p", "q"], "inner": { "pairs": { "k": "v", "l": "w" } } } }),
            json!({ "b": { "int": 7 } }),
            json!({ "a": { "text": "", "long": -1, "flag": true, "few": [], "inner": {} } }),
            json!({ "a": { "text": "z", "few": ["r"], "inner": { "pairs": {} } } }),
        ]);

        assert_eq!(
            rows,
            [
                "{a: {text: \"x\", long: null, flag: null, few: [\"p\", \"q\"], inner: {pairs: {\"k\" -> \"v\", \"l\" -> \"w\"}}}, b: null}",
                "{a: null, b: {int: 7}}",
                "{a: {text: \"\", long: -1, flag: true, few: [], inner: {pairs: null}}, b: null}",
                "{a: {text: \"z\", long: null, flag: null, few: [\"r\"], inner: {pairs: {}}}, b: null}",
            ]
        );
    }

    #[test]
    fn a_record_that_does_not_fit_is_refused() {
        for record in [
            json!({ "c": 1 }),
            json!({ "a": { "long": 1 } }),
            json!({ "a": { "text": 1 } }),
            json!({ "b": { "int": 1_i64 << 40 } }),
            json!({ "a": { "text": "x", "few": { "p": "q" } } }),
            json!({ "b": 3 }),
        ] {
            assert!(
                encode_records(SCHEMA, std::slice::from_ref(&record)).is_err(),
                "{record}"
            );
        }
    }
}
