//! Distances and areas on a sphere, as ODK clients compute them.

use crate::functions::number;

/// Radius of the sphere in metres.
const RADIUS_M: f64 = 6_378_100.0;

/// Latitude and longitude of a position, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// The positions of a geopoint, geotrace or geoshape text; None if it is none.
pub fn points(text: &str) -> Option<Vec<Point>> {
    let text = text.trim().trim_end_matches(';');
    text.split(';').map(point).collect()
}

fn point(text: &str) -> Option<Point> {
    let mut parts = text.split_ascii_whitespace();
    let lat = number::parse(parts.next()?)?;
    let lon = number::parse(parts.next()?)?;
    (lat.abs() <= 90.0 && lon.abs() <= 180.0 && parts.count() <= 2).then_some(Point { lat, lon })
}

/// The area inside a closed line in square metres, to a hundredth; 0 for fewer than three positions.
pub fn area_m2(points: &[Point]) -> f64 {
    if points.len() < 3 {
        return 0.0;
    }
    let Some(mut before) = points.last().copied() else {
        return 0.0;
    };
    let mut total = 0.0;
    for point in points {
        // The strip between the line and the south pole, signed by direction.
        let width = (point.lon - before.lon).to_radians();
        total += width * (2.0 + before.lat.to_radians().sin() + point.lat.to_radians().sin());
        before = *point;
    }
    hundredths((total * RADIUS_M * RADIUS_M / 2.0).abs())
}

/// The length of a line in metres, to a hundredth; 0 for fewer than two positions.
pub fn length_m(points: &[Point]) -> f64 {
    let pairs = points.iter().zip(points.iter().skip(1));
    hundredths(pairs.map(|(from, to)| arc(*from, *to) * RADIUS_M).sum())
}

/// The angle between two positions (haversine).
fn arc(from: Point, to: Point) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let chord = half(to.lat - from.lat)
        + half(to.lon - from.lon) * from.lat.to_radians().cos() * to.lat.to_radians().cos();
    2.0 * chord.sqrt().min(1.0).asin()
}

fn hundredths(metres: f64) -> f64 {
    (metres * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::{area_m2, length_m, points};

    #[test]
    fn a_quarter_of_the_equator_and_a_field_near_phnom_penh() {
        let quarter = points("0 0;0 90 0 0").unwrap();
        assert_eq!(length_m(&quarter), 10_018_696.05);
        assert_eq!(area_m2(&quarter), 0.0);
        let field = points("11.5 104.9; 11.5 104.901; 11.501 104.901; 11.501 104.9; 11.5 104.9").unwrap();
        assert!((area_m2(&field) - 12_142.7).abs() < 1.0, "{}", area_m2(&field));
        for text in ["", "a", "1", "91 0", "1 2 3 4 5", "1 2;;3 4"] {
            assert_eq!(points(text), None, "{text}");
        }
    }
}
