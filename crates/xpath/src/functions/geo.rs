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

/// Whether a position is inside a closed line (even-odd rule on degrees; a side that faces south or west belongs to it).
pub fn is_inside(point: Point, fence: &[Point]) -> bool {
    let Some(mut before) = fence.last().copied() else {
        return false;
    };
    let mut inside = false;
    for corner in fence {
        if (corner.lon > point.lon) != (before.lon > point.lon) {
            let share = (point.lon - corner.lon) / (before.lon - corner.lon);
            let crossing = corner.lat + share * (before.lat - corner.lat);
            inside ^= point.lat < crossing;
        }
        before = *corner;
    }
    inside
}

/// Whether a line (or the edge of a shape) touches or crosses itself anywhere but where its neighbouring pieces meet.
/// `look` is told how many pieces are compared, and may stop the search.
pub fn crosses_itself<E>(points: &[Point], mut look: impl FnMut(usize) -> Result<(), E>) -> Result<bool, E> {
    let mut line: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if line.last() != Some(point) {
            line.push(*point);
        }
    }
    let is_closed = line.len() > 3 && line.first() == line.last();
    let pieces: Vec<(Point, Point)> = line.iter().copied().zip(line.iter().skip(1).copied()).collect();
    // From west to east, each piece is compared only with those that begin before it ends.
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    let west = |at: &usize| pieces.get(*at).map_or(f64::NAN, |(a, b)| a.lon.min(b.lon));
    order.sort_by(|a, b| west(a).total_cmp(&west(b)));
    let mut waiting: &[usize] = &order;
    while let Some((one, rest)) = waiting.split_first() {
        waiting = rest;
        let Some(ours) = pieces.get(*one) else {
            continue;
        };
        let east = ours.0.lon.max(ours.1.lon);
        for other in rest.iter().take_while(|other| west(other) <= east) {
            look(1)?;
            let Some(theirs) = pieces.get(*other) else {
                continue;
            };
            let apart = one.abs_diff(*other);
            let are_neighbours = apart == 1 || (is_closed && apart + 1 == pieces.len());
            if are_neighbours {
                // Neighbours share an end; more than that means that the line runs back over itself.
                let (first, second) = if (apart == 1) == (one < other) {
                    (ours, theirs)
                } else {
                    (theirs, ours)
                };
                if turn(first.0, first.1, second.1) == 0.0 && runs_back(first.0, first.1, second.1) {
                    return Ok(true);
                }
            } else if meet(*ours, *theirs) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Twice the area of a triangle: positive if it turns left, 0 on one straight line.
fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b.lon - a.lon) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lon - a.lon)
}

/// Of three positions on one straight line: whether the way from the second to the third goes back.
fn runs_back(a: Point, b: Point, c: Point) -> bool {
    (b.lon - a.lon) * (c.lon - b.lon) + (b.lat - a.lat) * (c.lat - b.lat) < 0.0
}

/// Whether two pieces have a position in common.
fn meet((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let (c_side, d_side) = (turn(a, b, c), turn(a, b, d));
    let (a_side, b_side) = (turn(c, d, a), turn(c, d, b));
    let crosses = |one: f64, other: f64| (one > 0.0 && other < 0.0) || (one < 0.0 && other > 0.0);
    if crosses(c_side, d_side) && crosses(a_side, b_side) {
        return true;
    }
    let between = |point: Point, from: Point, to: Point| {
        point.lon >= from.lon.min(to.lon)
            && point.lon <= from.lon.max(to.lon)
            && point.lat >= from.lat.min(to.lat)
            && point.lat <= from.lat.max(to.lat)
    };
    (c_side == 0.0 && between(c, a, b))
        || (d_side == 0.0 && between(d, a, b))
        || (a_side == 0.0 && between(a, c, d))
        || (b_side == 0.0 && between(b, c, d))
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
    use std::convert::Infallible;

    use super::{Point, area_m2, crosses_itself, is_inside, length_m, points};

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

    #[test]
    fn a_fence_holds_what_is_inside() {
        let fence = points("0 0;0 10;10 10;10 0;0 0").unwrap();
        let notched = points("0 0;0 10;10 10;2 5;10 0;0 0").unwrap();
        for (lat, lon, in_fence, in_notched) in [
            (5.0, 4.0, true, false),
            (9.0, 5.0, true, false),
            (1.0, 5.0, true, true),
            (-1.0, 5.0, false, false),
            (5.0, 11.0, false, false),
        ] {
            let point = Point { lat, lon };
            assert_eq!(
                (is_inside(point, &fence), is_inside(point, &notched)),
                (in_fence, in_notched),
                "{point:?}"
            );
        }
        assert!(!is_inside(Point { lat: 0.0, lon: 0.0 }, &[]));
    }

    #[test]
    fn a_line_that_crosses_itself_is_found() {
        for (line, crosses) in [
            ("0 0;0 1;1 1;1 0;0 0", false),
            ("0 0;1 1;0 1;1 0", true),
            ("0 0;1 1;0 1;1 0;0 0", true),
            ("0 0;0 1", false),
            ("0 0;0 2;0 1", true),
            ("0 0;0 1;0 2", false),
            ("0 0;0 2;1 1;0 1", true),
            ("0 0", false),
            ("0 0;0 0;0 1;0 1;1 1", false),
        ] {
            let found = crosses_itself::<Infallible>(&points(line).unwrap(), |_| Ok(()));
            assert_eq!(found, Ok(crosses), "{line}");
        }
    }
}
