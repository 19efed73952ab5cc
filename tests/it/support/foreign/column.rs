//! One column of a file that another writer left, written value by value.

use super::*;

pub(super) const JULIAN_EPOCH: i64 = 2_440_588;

pub(super) fn int96(nanos: i64) -> Int96 {
    let of_day = nanos.rem_euclid(time::DAY);
    let julian = nanos.div_euclid(time::DAY) + JULIAN_EPOCH;
    let low = |number: i64| u32::try_from(number & 0xFFFF_FFFF).unwrap();
    Int96::from(vec![low(of_day), low(of_day >> 32), low(julian)])
}

pub(super) fn optional(name: &'static str, values: Values) -> ForeignColumn {
    ForeignColumn {
        name,
        logical: None,
        is_required: false,
        values,
    }
}

pub(super) fn whole(
    name: &'static str,
    kind: Whole,
    value: &dyn Fn(usize) -> Option<i64>,
    rows: usize,
) -> Option<ForeignColumn> {
    let values = (0..rows).map(value);
    Some(match kind {
        Whole::Missing => return None,
        Whole::Nullable => optional(name, Values::Int64(values.collect())),
        Whole::Plain => ForeignColumn {
            is_required: true,
            ..optional(
                name,
                Values::Int64(values.map(|value| value.or(Some(0))).collect()),
            )
        },
        #[expect(clippy::cast_precision_loss, reason = "volumes of tests are small")]
        Whole::Float | Whole::Fraction | Whole::Huge => {
            let more = match kind {
                Whole::Fraction => 0.5,
                Whole::Huge => 1e19,
                _ => 0.0,
            };
            let doubles = values.map(|value| value.map(|value| value as f64 + more));
            optional(name, Values::Double(doubles.collect()))
        }
        Whole::NullTyped => ForeignColumn {
            logical: Some(LogicalType::Unknown),
            ..optional(name, Values::Int32(vec![None; rows]))
        },
    })
}

pub(super) struct ForeignColumn {
    pub(super) name: &'static str,
    pub(super) logical: Option<LogicalType>,
    pub(super) is_required: bool,
    pub(super) values: Values,
}

pub(super) enum Values {
    Text(Vec<Option<ByteArray>>),
    Int32(Vec<Option<i32>>),
    Int64(Vec<Option<i64>>),
    Int96(Vec<Option<Int96>>),
    Double(Vec<Option<f64>>),
}

impl ForeignColumn {
    pub(super) fn schema(&self) -> Type {
        let physical = match self.values {
            Values::Text(_) => PhysicalType::BYTE_ARRAY,
            Values::Int32(_) => PhysicalType::INT32,
            Values::Int64(_) => PhysicalType::INT64,
            Values::Int96(_) => PhysicalType::INT96,
            Values::Double(_) => PhysicalType::DOUBLE,
        };
        let repetition = if self.is_required {
            Repetition::REQUIRED
        } else {
            Repetition::OPTIONAL
        };
        Type::primitive_type_builder(self.name, physical)
            .with_repetition(repetition)
            .with_logical_type(self.logical.clone())
            .build()
            .unwrap()
    }

    pub(super) fn write(&self, chunk: &mut SerializedColumnWriter<'_>) {
        macro_rules! put {
            ($kind:ty, $values:expr) => {{
                let levels: Vec<i16> = $values
                    .iter()
                    .map(|value| i16::from(value.is_some()))
                    .collect();
                let present: Vec<_> = $values.iter().flatten().cloned().collect();
                let levels = (!self.is_required).then_some(levels.as_slice());
                chunk
                    .typed::<$kind>()
                    .write_batch(&present, levels, None)
                    .unwrap();
            }};
        }
        match &self.values {
            Values::Text(values) => put!(ByteArrayType, values),
            Values::Int32(values) => put!(Int32Type, values),
            Values::Int64(values) => put!(Int64Type, values),
            Values::Int96(values) => put!(Int96Type, values),
            Values::Double(values) => put!(DoubleType, values),
        }
    }
}
