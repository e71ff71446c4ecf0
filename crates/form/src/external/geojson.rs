//! A GeoJSON map as rows: one for each feature, read one after the other.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::external::TableError;
use crate::external::document::{Builder, Document};

/// Reads a FeatureCollection.
pub(super) fn read(json: &str) -> Result<Document, TableError> {
    let mut builder = Builder::default();
    let mut limit = None;
    builder.open("root")?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = Collection {
        builder: &mut builder,
        limit: &mut limit,
    }
    .deserialize(&mut reader)
    .and_then(|()| reader.end());
    match (read, limit) {
        (_, Some(limit)) => Err(limit),
        (Err(error), None) => Err(TableError::GeoJson {
            problem: error.to_string(),
        }),
        (Ok(()), None) => {
            builder.close();
            Ok(builder.finish())
        }
    }
}

#[derive(Deserialize)]
struct Feature {
    id: Option<Value>,
    #[serde(default)]
    properties: Option<Map<String, Value>>,
    geometry: Option<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    coordinates: Value,
}

/// The whole file.
struct Collection<'b> {
    builder: &'b mut Builder,
    /// Why reading stopped, where that was no fault of the JSON.
    limit: &'b mut Option<TableError>,
}

impl<'de> DeserializeSeed<'de> for Collection<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collection<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_features = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "features" => {
                    has_features = true;
                    map.next_value_seed(Features {
                        builder: self.builder,
                        limit: self.limit,
                    })?;
                }
                "type" => {
                    let kind: String = map.next_value()?;
                    if kind != "FeatureCollection" {
                        return Err(A::Error::custom(format!("its type is {kind}")));
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match has_features {
            true => Ok(()),
            false => Err(A::Error::custom("it has no features")),
        }
    }
}

struct Features<'b> {
    builder: &'b mut Builder,
    limit: &'b mut Option<TableError>,
}

impl<'de> DeserializeSeed<'de> for Features<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut features: A) -> Result<(), A::Error> {
        let mut number = 0_usize;
        while let Some(feature) = features.next_element::<Feature>()? {
            number = number.saturating_add(1);
            let geometry = match &feature.geometry {
                None => String::new(),
                Some(geometry) => odk_text(geometry).ok_or_else(|| {
                    let kind: String = geometry.kind.chars().take(40).collect();
                    A::Error::custom(format!(
                        "feature {number} has a {kind} that is no usable point, line or polygon"
                    ))
                })?,
            };
            if let Err(limit) = add(self.builder, &feature, &geometry) {
                *self.limit = Some(limit);
                return Err(A::Error::custom("too large"));
            }
        }
        Ok(())
    }
}

fn add(builder: &mut Builder, feature: &Feature, geometry: &str) -> Result<(), TableError> {
    builder.open("item")?;
    builder.leaf("geometry", geometry)?;
    if let Some(id) = &feature.id {
        builder.leaf("id", &plain(id))?;
    }
    for (name, value) in feature.properties.iter().flatten() {
        let is_taken = name == "geometry" || (name == "id" && feature.id.is_some());
        if !is_taken && !name.starts_with('@') {
            builder.leaf(name, &plain(value))?;
        }
    }
    builder.close();
    Ok(())
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Latitude and longitude of a point, or of several separated by semicolons; of a polygon its outer border.
fn odk_text(geometry: &Geometry) -> Option<String> {
    let coordinates = &geometry.coordinates;
    match geometry.kind.as_str() {
        "Point" => point(coordinates),
        "LineString" => points(coordinates),
        "Polygon" => points(coordinates.get(0)?),
        _ => None,
    }
}

fn points(coordinates: &Value) -> Option<String> {
    let points: Option<Vec<String>> = coordinates.as_array()?.iter().map(point).collect();
    points.map(|points| points.join("; "))
}

fn point(coordinates: &Value) -> Option<String> {
    let number = |place: usize| coordinates.get(place).filter(|number| number.is_number());
    let (longitude, latitude) = (number(0)?, number(1)?);
    Some(format!("{latitude} {longitude} 0 0"))
}
