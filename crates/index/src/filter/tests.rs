use super::*;
use crate::{AttributeIndex, Slot};
use proptest::prelude::*;
use roaring::RoaringBitmap;
use serde_json::json;

fn object(json: &str) -> Map<String, Value> {
    let Value::Object(object) = serde_json::from_str(json).unwrap() else { panic!("{json}") };
    object
}

fn matches(filter: &str, metadata: &str) -> bool {
    let filter = Filter::parse(filter, 100).unwrap();
    let metadata = object(metadata);
    let mut index = AttributeIndex::of(&AttributeIndex::default().missing(&filter));
    index.insert(Slot(0), &metadata);
    let selected = index.select(&filter, 1).is_none_or(|slots| slots.contains(0));
    let plain = filter.matches(&metadata);
    assert_eq!(selected, plain, "{filter:?}");
    plain
}

#[test]
fn every_condition_must_hold() {
    let metadata = r#"{"user": "ann", "year": 2026, "done": false, "名": "张"}"#;
    assert!(matches("{}", metadata));
    assert!(matches(r#"{"user": "ann", "year": 2026.0}"#, metadata));
    assert!(matches(r#"{"名": "张"}"#, metadata));
    assert!(!matches(r#"{"user": "ann", "year": 2025}"#, metadata));
    assert!(!matches(r#"{"year": "2026"}"#, metadata));
    assert!(!matches(r#"{"done": 0}"#, metadata));
}

#[test]
fn dots_go_into_objects_and_arrays_are_looked_through() {
    let metadata = r#"{"a": {"b": {"c": 1}}, "tags": ["x", ["y"]], "items": [{"n": 1}, {"n": [2, 3]}], "none": null}"#;
    assert!(matches(r#"{"a.b.c": 1}"#, metadata));
    assert!(matches(r#"{"tags": "y"}"#, metadata));
    assert!(matches(r#"{"items.n": 1}"#, metadata));
    assert!(matches(r#"{"items.n": 3}"#, metadata));
    assert!(matches(r#"{"none": null}"#, metadata));
    assert!(!matches(r#"{"missing": null}"#, metadata));
    assert!(!matches(r#"{"a.b": 1}"#, metadata));
    assert!(!matches(r#"{"a.b.c.d": 1}"#, metadata));
}

#[test]
fn operators_mean_what_they_say() {
    let metadata = r#"{"n": 5, "s": "Straße 7", "when": "2026-11-28T10:00:00.000Z", "tags": ["a", "bc", 7], "none": null, "deep": {"empty": []}}"#;
    let passing = [
        r#"{"n": {"$eq": 5}}"#,
        r#"{"n": {"$ne": 6}}"#,
        r#"{"missing": {"$ne": 6}}"#,
        r#"{"n": {"$gt": 4, "$lt": 6}}"#,
        r#"{"n": {"$gte": 5, "$lte": 5.0}}"#,
        r#"{"n": {"$gte": 5, "$gt": 4, "$lte": 5, "$lt": 6}}"#,
        r#"{"when": {"$gte": "2026-11-01", "$lt": "2026-12-01"}}"#,
        r#"{"n": {"$in": ["5", 5]}}"#,
        r#"{"n": {"$nin": []}}"#,
        r#"{"none": {"$in": [null]}}"#,
        r#"{"none": {"$exists": true}}"#,
        r#"{"deep.empty": {"$exists": true}}"#,
        r#"{"missing": {"$exists": false}}"#,
        r#"{"s": {"$contains": "aß"}}"#,
        r#"{"tags": {"$contains": "bc"}}"#,
        r#"{"tags": {"$contains": 7}}"#,
        r#"{"s": {"$regex": "^straße \\d$", "$options": "i"}}"#,
        r#"{"tags": {"$regex": "^b"}}"#,
        r#"{"n": {"$not": {"$gt": 5}}}"#,
        r#"{"$not": {"n": 6}}"#,
        r#"{"$or": [{"n": 6}, {"tags": "a"}]}"#,
        r#"{"$and": [{"n": 5}, {"$or": [{"n": 5}, {"n": 6}]}], "s": {"$exists": true}}"#,
        // An array passes if any element does: one is more than a, another less than b.
        r#"{"tags": {"$gt": "a", "$lt": "b"}}"#,
    ];
    let failing = [
        r#"{"n": {"$ne": 5}}"#,
        r#"{"tags": {"$ne": "a"}}"#,
        r#"{"n": {"$gt": 5}}"#,
        r#"{"n": {"$gt": "4"}}"#,
        r#"{"n": {"$gte": 5, "$gt": 5}}"#,
        r#"{"n": {"$gte": 5, "$lt": 5}}"#,
        r#"{"n": {"$gt": 6, "$lt": 4}}"#,
        r#"{"n": {"$gt": 4, "$lt": "z"}}"#,
        r#"{"missing": {"$gt": 0}}"#,
        r#"{"none": {"$lte": 0}}"#,
        r#"{"n": {"$in": []}}"#,
        r#"{"n": {"$nin": [5]}}"#,
        r#"{"n": {"$exists": false}}"#,
        r#"{"s": {"$contains": 7}}"#,
        r#"{"s": {"$contains": "straße"}}"#,
        r#"{"tags": {"$contains": "b"}}"#,
        r#"{"n": {"$contains": 5}}"#,
        r#"{"n": {"$regex": "5"}}"#,
        r#"{"$or": [{"n": 6}, {"tags": "z"}]}"#,
        r#"{"$not": {}}"#,
    ];
    for filter in passing {
        assert!(matches(filter, metadata), "{filter}");
    }
    for filter in failing {
        assert!(!matches(filter, metadata), "{filter}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused_with_the_place() {
    let cases = [
        ("{", "the filter is not JSON"),
        ("[1]", "the filter is an array: give an object"),
        (r#"{"$xor": []}"#, "at $xor is an unknown operator: known are $and, $or, $not"),
        (r#"{"$gt": 1}"#, "at $gt has no path before it: give {\"path\": {\"$gt\": …}}"),
        (r#"{"$or": {}}"#, "at $or is an object: give an array of filters"),
        (r#"{"$or": []}"#, "at $or is empty"),
        (
            r#"{"$or": [{}, {"a": {"b": 1}}]}"#,
            "at $or[1].a is an object: for a nested value use a dotted path: {\"a.b\": …}",
        ),
        (r#"{"a": [1]}"#, "at a is an array: give {\"$in\": […]}"),
        (r#"{"a": {}}"#, "at a is an empty object"),
        (r#"{"a..b": 1}"#, "at a..b has an empty part"),
        (r#"{"": 1}"#, "has an empty part"),
        (r#"{"a": {"$gte": true}}"#, "at a.$gte is a boolean: give a number or a string"),
        (r#"{"a": {"$in": 1}}"#, "at a.$in is a number: give an array"),
        (r#"{"a": {"$in": [1, [2]]}}"#, "at a.$in[1] is an array"),
        (r#"{"a": {"$exists": 1}}"#, "at a.$exists is a number: give true or false"),
        (r#"{"a": {"$regex": "("}}"#, "at a.$regex is no pattern that can be used"),
        (r#"{"a": {"$regex": "(?=x)"}}"#, "look-around"),
        (r#"{"a": {"$regex": "(\\w{1000}){1000}"}}"#, "no pattern that can be used"),
        (r#"{"a": {"$regex": "x", "$options": "g"}}"#, "unknown option \"g\""),
        (r#"{"a": {"$options": "i"}}"#, "at a.$options has no $regex"),
        (r#"{"a": {"$not": 1}}"#, "at a.$not is a number"),
        (r#"{"a": {"$like": 1}}"#, "at a.$like is an unknown operator: known are $eq"),
        (r#"{"a": 1, "b": {"$in": [1, 2, 3, 4, 5]}}"#, "more than 5 conditions"),
    ];
    for (filter, complaint) in cases {
        let error = Filter::parse(filter, 5).unwrap_err().to_string();
        assert!(error.contains(complaint), "{filter}: {error}");
    }
    assert!(Filter::parse(&"[".repeat(100_000), 5).is_err());
    let deep = format!("{}{{\"a\":1}}{}", "{\"$not\":".repeat(40), "}".repeat(40));
    assert_eq!(Filter::parse(&deep, 5), Err(FilterError::TooDeep));
}

/// A few values of every type, so that filters and records meet.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..3).prop_map(Value::from),
        (-2i64..3).prop_map(|half| json!(half as f64 / 2.0)),
        "[ab]{0,2}".prop_map(Value::from),
    ]
}

fn metadata() -> impl Strategy<Value = Map<String, Value>> {
    let value = scalar().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[xy]", inner, 0..3)
                .prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[xyz]", value, 0..4)
        .prop_map(|object| object.into_iter().collect())
}

fn filter() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec!["x", "y", "x.x", "x.y", "y.x.y"]);
    let ordered = prop_oneof![(-2i64..3).prop_map(Value::from), "[ab]{0,2}".prop_map(Value::from)];
    let operator = prop_oneof![
        (prop::sample::select(vec!["$eq", "$ne", "$contains"]), scalar()),
        (prop::sample::select(vec!["$gt", "$gte", "$lt", "$lte"]), ordered),
        (
            prop::sample::select(vec!["$in", "$nin"]),
            prop::collection::vec(scalar(), 0..3).prop_map(Value::from)
        ),
        (Just("$exists"), any::<bool>().prop_map(Value::from)),
        (Just("$regex"), prop::sample::select(vec!["a", "^b", "a$", "^$"]).prop_map(Value::from)),
    ]
    .prop_map(|(operator, operand)| json!({ operator: operand }));
    let range = (-2i64..3, -2i64..3, any::<bool>()).prop_map(|(from, to, strict)| {
        if strict { json!({"$gt": from, "$lt": to}) } else { json!({"$gte": from, "$lte": to}) }
    });
    let test = prop_oneof![
        scalar(),
        operator.clone(),
        operator.prop_map(|operator| json!({ "$not": operator })),
        range
    ];
    let leaf = (path, test).prop_map(|(path, test)| json!({ path: test }));
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "$and": all })),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|any| json!({ "$or": any })),
            inner.prop_map(|filter| json!({ "$not": filter })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_index_selects_what_the_filter_matches(
        filter in filter(),
        records in prop::collection::vec(metadata(), 0..30),
        early in 0usize..30,
    ) {
        let filter = Filter::parse(&filter.to_string(), 100).unwrap();
        let mut index = AttributeIndex::default();
        let early = early.min(records.len());
        let mut learnt = AttributeIndex::of(&index.missing(&filter));
        for (slot, metadata) in records[..early].iter().enumerate() {
            learnt.insert(Slot(slot as u32), metadata);
        }
        index.absorb(learnt);
        for (slot, metadata) in records.iter().enumerate().skip(early) {
            index.insert(Slot(slot as u32), metadata);
        }
        prop_assert!(index.missing(&filter).is_empty());
        let end = records.len() as u32;
        let selected = index.select(&filter, end).unwrap_or_else(|| (0..end).collect());
        let expected: RoaringBitmap =
            (0..end).filter(|&slot| filter.matches(&records[slot as usize])).collect();
        prop_assert_eq!(selected, expected);
    }
}
